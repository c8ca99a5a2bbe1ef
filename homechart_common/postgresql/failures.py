"""What PostgreSQL and its driver can raise, as the failures of :mod:`homechart_common.errors`."""

from __future__ import annotations

from typing import Self

import psycopg2
from psycopg2 import errors as sqlstate

from homechart_common.errors import Conflict, HomechartError, InvalidInput, QueryTimeout, Unavailable


class ConstraintViolation(HomechartError):
    """PostgreSQL refused a row; carries the names the refusal is about, so a caller can name the field."""

    constraint: str | None = None
    table: str | None = None
    column: str | None = None

    @classmethod
    def described_by(cls, error: psycopg2.Error) -> Self:
        """The refusal with the names from the server's diagnostics.

        Only a check raised by our own functions names a column and no constraint; its words are written for
        the person who reads them, so they become the message.
        """
        said = error.diag
        ours = isinstance(error, sqlstate.CheckViolation) and said.column_name and not said.constraint_name
        violation = cls(said.message_primary if ours else None)
        violation.constraint, violation.table = said.constraint_name, said.table_name
        violation.column = said.column_name
        return violation


class UniqueViolation(Conflict, ConstraintViolation):
    """Another row already has what must be unique."""


class InvalidRow(InvalidInput, ConstraintViolation):
    """A value that a constraint or a type refuses."""


class Contention(Unavailable):
    """The transaction lost against another one and can simply be run again."""


class ConnectionLost(Unavailable):
    """The connection broke, or could not be made."""


#: How the codes begin with which a server says good-bye or that it is no primary any more.
_GONE = ("08", "25", "57P")

#: In this order, as some classes of psycopg2 are subclasses of later ones.
_TRANSLATIONS: tuple[tuple[tuple[type[BaseException], ...], type[HomechartError]], ...] = (
    ((sqlstate.UniqueViolation, sqlstate.ExclusionViolation), UniqueViolation),
    ((psycopg2.IntegrityError, psycopg2.DataError), InvalidRow),
    ((sqlstate.QueryCanceled, sqlstate.LockNotAvailable, TimeoutError), QueryTimeout),
    ((psycopg2.extensions.TransactionRollbackError,), Contention),
    ((sqlstate.ReadOnlySqlTransaction, sqlstate.IdleInTransactionSessionTimeout), ConnectionLost),
    ((psycopg2.OperationalError, psycopg2.InterfaceError, OSError), ConnectionLost),
    # a lone surrogate, which the driver refuses before anything is sent
    ((UnicodeEncodeError,), InvalidInput),
)


def server_went_away(error: BaseException) -> bool:
    """Whether there is no server any more; it may also have lost the connection over what it was asked for."""
    code = getattr(error.__cause__, "pgcode", None)
    return isinstance(error, ConnectionLost) and (code is None or code.startswith(_GONE))


def translate(error: BaseException) -> BaseException:
    """The failure a caller should see for ``error``; a defect and a cancellation come back as they are."""
    for raised, failure in _TRANSLATIONS:
        if isinstance(error, raised):
            if issubclass(failure, ConstraintViolation) and isinstance(error, psycopg2.Error):
                return failure.described_by(error)
            return failure()
    if isinstance(error, ValueError) and "NUL" in str(error):
        return InvalidInput()
    if type(error) is psycopg2.DatabaseError and error.pgcode is None:
        # libpq lost the thread of the protocol: the connection broke inside an answer
        return ConnectionLost()
    return error
