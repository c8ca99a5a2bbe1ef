"""A household as a file: taken from one server, and restored on it or on another (contract §10.3).

An archive is a JSON document, compressed with gzip, that holds a list of rows for every declared kind of object
(:mod:`contents`); :mod:`packing` encrypts it if the household has a backup key. It is written from one snapshot
(:mod:`writing`) and restored in one transaction (:mod:`restoring`), both in pieces, so that neither takes more
memory for a household with much in it.

Whoever made an archive may have written anything into it. No id in it is used as it is: each becomes another one
that nobody could know (:mod:`renaming`), so that an archive cannot name what it does not bring itself.
"""
