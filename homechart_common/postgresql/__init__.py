"""PostgreSQL: connections, statements, migrations, locks and notifications."""
