"""What can be wrong with what people send us: one catalogue, one shape.

A problem names its field (an item, a column, a setting), and where it came from a file, the line. Its sentence says
the way out. The sentences here are the English source texts; the page's language is chosen where they are shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

MESSAGES: dict[str, str] = {
    # any input
    "not_text": "This must be text.",
    "unreadable_text": "This text contains characters that cannot be stored. Type it again.",
    "too_large": "What was sent is too large.",
    "unknown_field": "There is no field of this name here. Remove it.",
    # sampling frame: the two CSV files
    "area_city_parent": "A city stands at the top and has no parent, but {value} is given. Leave parent_code blank.",
    "area_code_blank": "This row has no code. Give the area its statistical code, or remove the row.",
    "area_code_digits": "“{value}” is not an area code. Use digits only; in a spreadsheet, format the column as text.",
    "area_code_prefix": "The code {value} must begin with {prefix}, because the area lies in {parent}. "
    "Correct the code or parent_code.",
    "area_code_shape": "“{value}” is not the code of a {level}, which has {digits} digits. Correct the code or the "
    "level; in a spreadsheet, format the column as text.",
    "area_code_twice": "The code {code} stands already in line {first}. Remove one of the two rows.",
    "area_cycle": "{code} lies in {parent}, which in the end lies in {code} again. Correct parent_code.",
    "area_level_unknown": "“{value}” is not a level. Use city, district, street, community or grid.",
    "area_name_blank": "The area has no Chinese name. Fill it in.",
    "area_name_long": "This name is longer than {longest} characters. Shorten it.",
    "area_no_city": "There is no city in this file. Add the row of the city, with a blank parent_code.",
    "area_parent_blank": "A {level} lies in an area of level {allowed}. Fill in the code of that area.",
    "area_parent_level": "A {level} lies in an area of level {allowed}, but {value} is a {found}. "
    "Correct parent_code or the level.",
    "area_parent_unknown": "There is no area with the code {value} in this file. Add its row, or correct parent_code.",
    "area_second_city": "{value} is a second city beside {first}. Import each city as its own frame.",
    "csv_column_missing": "This column is missing; the header has: {found}. Add it, or correct its name.",
    "csv_column_twice": "This column stands twice in the header. Remove one.",
    "csv_column_unknown": "This column is not used.",
    "csv_empty": "This file is empty. Choose the file with the table.",
    "csv_encoding": "This line is not readable as {encoding}. Save the file again as “CSV UTF-8”.",
    "csv_quotes": "The quotation marks of the row that begins here do not match. Close each one, and write one inside "
    "a text twice.",
    "csv_row_long": "This row has {found} cells, the header {expected}. Put texts that contain the separator in "
    "quotation marks, or remove the surplus.",
    "csv_row_short": "This row has {found} cells, the header {expected}. Fill in the missing cells; blank ones need "
    "their separator too.",
    "population_age_band": "“{value}” is not an age band. Write 0, 1-4, 15-19 or 85+, blank for all ages; a "
    "spreadsheet may have turned it into a date.",
    "population_area_blank": "This figure has no area. Fill in the code of the area.",
    "population_area_unknown": "There is no area with the code {value}. Add it to the areas file, or remove this row.",
    "population_blank": "This row has no figure. Fill it in; remove the row if nothing is published.",
    "population_sex": "“{value}” is not a sex. Write M or F, blank for both.",
    "population_shape": "“{value}” is not a count of people. Use the digits 0 to 9 only, without separators, signs or "
    "decimals.",
    "population_twice": "The same area, sex and age band stand already in line {first}. Remove one of the two rows.",
    "population_unsourced": "{count} figures name no source.",
    # allocation of a sample
    "allocation_fixed_missing": "{key} has no number. Give each one, 0 if it gets none.",
    "allocation_fixed_sum": "The fixed numbers add up to {sum}, but n is {n}. Change n or a number.",
    "allocation_fixed_unknown": "{key} is not among those the sample is shared out over. Remove its number.",
    "allocation_fixed_value": "“{value}” for {key} is not a whole number of interviews. Use the digits 0 to 9 only.",
    "allocation_n": "“{value}” is not a whole number of interviews. Use the digits 0 to 9 only.",
    "allocation_no_size": "Every size is zero, so nothing can be shared out by size. Use the rule equal or fixed.",
    "allocation_nothing": "There is nothing to share the sample out over. Name at least one.",
    "allocation_power": "The power {value} is outside 0 to 1. Use 0.5, or a number nearer 0 for more equal parts.",
    "allocation_size": "The size “{value}” of {key} is not a number of people. Correct it.",
    # wave plan
    "wave_action": "A wave in the state {state} cannot take the action {action}. A wave is opened once, then closed.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `code` is a key of MESSAGES; `params` fill its sentence."""

    code: str
    field: str
    params: tuple[tuple[str, str], ...] = ()
    line: int | None = None
    file: str | None = None

    def message(self, translate: Callable[[str], str] = str) -> str:
        """The sentence for a reader, in the language that `translate` speaks."""
        return translate(MESSAGES[self.code]).format(**dict(self.params))

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where + ': ' if where else ''}{self.field}: {self.message()}"


class Invalid(Exception):
    """Input that was refused as a whole; nothing of it was kept."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        assert self.problems, "a refusal names at least one problem"
        super().__init__("\n".join(str(problem) for problem in self.problems))
