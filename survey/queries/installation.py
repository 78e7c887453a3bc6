"""SQL about what this database is, and whether anything is in it."""

from sqlalchemy import Connection, ScalarSelect, func, insert, select
from sqlmodel import col

from survey.tables.account import AccountRow
from survey.tables.installation import InstallationFact
from survey.tables.response import ResponseRow
from survey.tables.wave import WaveRow

KIND, DEMONSTRATION = "kind", "demonstration"


def demonstration_facts() -> ScalarSelect[int]:
    """The number of facts that say that this is a demonstration: 1 or 0, as a part of other questions."""
    return (
        select(func.count())
        .where(col(InstallationFact.name) == KIND, col(InstallationFact.value) == DEMONSTRATION)
        .scalar_subquery()
    )


def is_demonstration(connection: Connection) -> bool:
    """Whether this database was made for a demonstration."""
    return connection.scalar(select(demonstration_facts())) == 1


def insert_demonstration(connection: Connection) -> None:
    """Say that this database is a demonstration."""
    connection.execute(insert(InstallationFact), {"name": KIND, "value": DEMONSTRATION})


def holds_anything(connection: Connection) -> bool:
    """Whether there is an account, a wave or a response."""
    return any(
        connection.execute(select(column).limit(1)).first() is not None
        for column in (col(AccountRow.id), col(WaveRow.id), col(ResponseRow.id))
    )
