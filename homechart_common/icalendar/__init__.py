"""Calendars as other programs exchange them: iCalendar, RFC 5545."""
