"""What this database is: facts about the installation itself, such as being a demonstration."""

from sqlmodel import Field, SQLModel


class InstallationFact(SQLModel, table=True):
    __tablename__ = "installation_fact"

    name: str = Field(primary_key=True, max_length=40)
    value: str = Field(max_length=200)
