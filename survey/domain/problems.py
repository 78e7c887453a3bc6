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
    "not_json": "This is not JSON that we can read.",
    "not_an_object": "This must be an object with named values.",
    # the submission door
    "token_unknown": "This page's token is not valid. It has been replaced; please check your answers and send again.",
    "token_old": "This page was open for very long. Please check that your answers still hold and send them again.",
    "work_missing": "Very many forms are arriving here just now, so each is taken a little more slowly. Your answers "
    "are all still here: please send them again in a minute.",
    "guardian_missing": "Under 14, a parent or guardian has to agree first. Without that nothing is kept.",
    "unknown_action": "The form does not have this button.",
    "unknown_finish": "Say finished, broken_off or refused.",
    "unknown_language": "This form is not offered in this language.",
    "wave_not_yet": "The survey has not begun yet.",
    "wave_over": "The survey is over; it takes no more answers.",
    # letters with codes
    "letter_points": "Choose at least one point that letters go to.",
    "letter_count": "Make at least {low} letters for a point, so that numbers tell nothing of one household; at most "
    "{high} at a time.",
    "letter_count_unread": "Say in digits how many letters each point gets.",
    "letter_point_unknown": "No letters go to point {number} of this wave. Choose a point of the mode sampled.",
    "letter_wave_draft": "Open the wave first: the points of a draft can still change. Letters may well be made before "
    "its opening time.",
    "letter_wave_over": "The wave is over, so nobody could answer these letters any more.",
    "letter_size": "Letters are printed on A4 or A5.",
    "letter_contact": "Say in 5 to {high} characters whom residents can ask, such as a telephone number and its hours.",
    "letter_output": "Say with --output which new file the letters are written to; it alone holds their codes.",
    "letter_used": "Answers with this letter's code have been received already, and each code counts once.",
    # tablets
    "device_unknown": "This tablet is not enrolled here. Ask the organiser for an enrolment code.",
    "device_revoked": "This tablet's access has been taken away. What it holds can be saved to a file for the desk.",
    "device_label": "A tablet's label has 1 to {high} characters that can be read.",
    "device_label_taken": "There is a tablet of this label already. Choose another label.",
    "enrolment_unknown": "This enrolment code is unknown, used or too old. Ask the organiser for a new one.",
    "pin_digits": "A PIN is {length} digits.",
    "pin_easy": "This PIN is one of the first that strangers try. Choose digits that do not run in a row.",
    "pin_volunteers_only": "Only volunteers sign in on tablets. Choose a volunteer's account.",
    "assignment_id_taken": "This assignment has been taken for another place. Take it anew.",
    "assignment_unknown": "This tablet has no such assignment. Take one anew.",
    "assignment_point": "Volunteers cannot work at this point. Choose another.",
    "assignment_wave": "The wave does not take answers now. Choose a point of another wave.",
    "shift_over": "There is no such shift, or it is over. Choose another.",
    "record_batch": "Send {low} to {high} records at a time.",
    "record_envelope": "A record is sent as its id, its wave, its key and the sealed text.",
    "record_sealed": "This record does not open: it was sealed for another wave, or it is damaged.",
    "record_format": "This record was written by a version of the tablet's program that is unknown here.",
    "record_id": "This must be a UUID.",
    "record_code": "This must be a code.",
    "record_count": "This must be a whole number that is possible here.",
    "record_finish": "There is no such way to end an interview or an approach.",
    "record_reason": "This reason is not known for this outcome.",
    "record_observed": "Of somebody who was not interviewed only the sex and age band that the wave asks for are "
    "noted.",
    "record_moment": "This must be a moment with its offset, such as 2026-11-26T09:00:00Z.",
    "record_timings": "The timings are pairs of milliseconds by item.",
    "record_place": "A place is two numbers with two decimals.",
    "record_place_not_asked": "The place is not noted in this wave.",
    "record_foreign": "This record belongs to another tablet's assignment.",
    "record_other_wave": "The point of this record does not belong to the wave it was sealed for.",
    "questionnaire_unknown": "There is no such questionnaire.",
    "pin_different": "The two PINs are not the same. Type the same one twice.",
    "rescue_device": "The tablet that wrote this file was never enrolled here. Bring it in where it was.",
    "rescue_file": "This is not a rescue file of a tablet.",
    # paper sheets
    "paper_copies": "Print 1 to {most} sheets at a time.",
    "paper_serial_shape": "This is not the number of a sheet, such as {example}. Look at the sheet again.",
    "paper_serial_unknown": "There is no sheet of this number in this wave. A letter or digit may be mistyped.",
    "paper_day": "Give a day of the wave, from {first} to {last}.",
    # publishing and planning
    "version_published": "{code} version {version} is published with other content. Raise the version.",
    "questionnaire_not_published": "No questionnaire {named} is published. Name a code and version that are.",
    "supersede_earlier": "The wave is closed, or has version {version} already. Name a later version of an open wave.",
    "supersede_strata": "The strata questions differ from those of version {version}, whose quota cells the wave has. "
    "Plan a new wave.",
    "file_missing": "Choose a file.",
    "frame_unknown": "There is no such sampling frame. Choose one from the list.",
    "date_wrong": "Give a day up to today, such as 2020-11-01.",
    "frame_none": "No sampling frame has been imported yet. Import one first.",
    "cell_miscounted": "Wave {wave}: the counters say {completed} completed and {granted} granted, but {rows} "
    "responses name this cell and {open_slots} granted slots are open.",
    "wave_not_draft": "The wave {code} has been opened; its plan can't change. Give the new wave another code.",
    "wave_moved_meanwhile": "Somebody else changed the wave just now. Look at it again.",
    # sampling frame: the two CSV files
    "area_city_parent": "A city stands at the top and has no parent, but {value} is given. Leave parent_code blank.",
    "area_code_blank": "This row has no code. Give the area its statistical code, or remove the row.",
    "area_code_digits": "“{value}” is not an area code. Use digits only; in a spreadsheet, format the column as text.",
    "area_code_prefix": "The code {value} must begin with {prefix}, because the area lies in {parent}. "
    "Correct the code or parent_code.",
    "area_code_shape": "“{value}” is not the code of a {level}, which has {digits} digits. Correct the code or the "
    "level; in a spreadsheet, format the column as text.",
    "area_code_twice": "The code {code} is already in line {first}. Remove one of the two rows.",
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
    "csv_column_twice": "This column appears twice in the header. Remove one.",
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
    # population by quota cell
    "margins_age_code": "The age categories {code} are not age ranges. Name their codes 18-34 or 55+, or set within: "
    "equal.",
    "margins_age_overlap": "The age categories {first} and {second} overlap. Correct their codes, or set "
    "within: equal.",
    "margins_age_split": "The published band {band} lies partly inside {category}; {share} of it is counted, as if "
    "each year of age held equally many.",
    "margins_no_figure": "The frame has no population of {cell} for {district} ({code}). Import figures by sex and "
    "age, or set within: equal.",
    "margins_sex_code": "The categories {code} of the sex question are neither M, male, F nor female. Mark them, or "
    "set within: equal.",
    "quota_no_category": "The strata question {dimension} has no category that a person of the target population can "
    "choose. Correct the questionnaire.",
    "quota_no_people": "The frame counts nobody of the target population in {district} ({code}). Leave the district "
    "out, or set within: equal.",
    "quota_no_population": "The frame has no population for {district} ({code}). Import it, or use the allocation "
    "equal or fixed.",
    # wave plan
    "wave_action": "A wave in the state {state} cannot take the action {action}. A wave is opened once, then closed.",
    "wave_after_approval": "The questionnaire is approved until {until} only. Close the wave by then.",
    "wave_area_outside": "{value} lies in {district}, which is not among the districts of the wave. Add the district "
    "or remove the point.",
    "wave_area_too_large": "{value} {name} is a whole city or district. Give the code of a street, community or grid "
    "zone.",
    "wave_area_unknown": "There is no area with the code {value} in the frame. Correct the code.",
    "wave_closes_first": "The wave closes before it opens. Correct one of the two times.",
    "wave_count": "“{value}” is not a whole number from {low} to {high}. Use the digits 0 to 9 only.",
    "wave_district_twice": "{value} ({name}) appears here twice. Remove one.",
    "wave_district_unknown": "{value} is not a district of the wave's frame. Use one of: {known}.",
    "wave_few_points": "Only {found} points for {mode} in {district}; fewer than {fewest} give wide, "
    "unsteady intervals.",
    "wave_fraction": "“{value}” is not a decimal number from 0 to 1, such as 0.5.",
    "wave_mode_twice": "The mode {mode} appears here twice. Put both into one entry.",
    "wave_mode_unsampled": "There is no sample of the mode {mode}. Add it under samples, or remove this.",
    "wave_no_point": "There is no point for {mode} in {district}, so its interviews cannot be made.",
    "wave_no_streets": "The frame lists no streets in {districts}, so no points can be placed there. Import them.",
    "wave_one_point": "Only one point for {mode} in {district}: without a second one no variance can be computed.",
    "wave_other_questionnaire": "{value} is named here, but the plan is read for {used}. Name the one that is meant.",
    "wave_other_rule": "The rule {rule} does not use {key}. Remove it, or change the rule.",
    "wave_place_twice": "The place {place} appears here twice. Remove one.",
    "wave_point_twice": "A point in {area} at the place {place} stands here already for this mode. Remove one.",
    "wave_shares_sum": "The shares add up to {sum}, not to 1. Correct them.",
    "wave_time": "“{value}” is not a time. Write 2026-03-02T08:00, with an offset such as +08:00 or with a "
    "timezone key.",
    "wave_time_skipped": "{value} does not exist: clocks are set forward over it that day. Choose another time.",
    "wave_time_zone": "{value} has no time zone. Add an offset such as +08:00, or the key timezone: Asia/Shanghai.",
    "wave_timezone": "“{value}” is not a time zone known to this computer. Use Asia/Shanghai, or write times with an "
    "offset such as +08:00 and no timezone.",
    "wave_text_long": "This text is longer than {longest} characters. Shorten it.",
    "wave_too_many_points": "{value} points a district are more than its areas and the places named give. Lower the "
    "number, or name more places.",
    # questionnaires: files, the questionnaire language, answers
    "answer_area_unknown": "Choose the place from the list.",
    "answer_exclusive": "This answer cannot be chosen together with others. Choose it alone, or only the others.",
    "answer_missing": "Please answer this question.",
    "answer_not_asked": "This question is not asked after the answers given before it. Leave it out.",
    "answer_not_list": "Send the chosen answers as a list of codes.",
    "answer_not_number": "Give one whole number in digits.",
    "answer_number_and_mark": "Give one whole number or choose one of the other answers, not both.",
    "answer_number_range": "Give a number from {low} to {high}.",
    "answer_one_only": "Choose one answer.",
    "answer_repeated": "The same answer is chosen twice. Choose it once.",
    "answer_too_long": "Shorten this to {limit} characters.",
    "answer_unknown_category": "Choose one of the answers offered.",
    "answers_not_mapping": "Send the answers as an object with one field for each question.",
    "document_bad_code": "{value} is not a code. Write {rule}.",
    "document_empty": "Nothing is written here. Write the value or remove the key.",
    "document_empty_text": "This text is empty. Write it or remove the key.",
    "document_missing_key": "The key {key} is missing. Add it.",
    "document_not_boolean": "Write true or false.",
    "document_not_date": "Write a date that exists as year-month-day, such as 2027-12-31.",
    "document_not_integer": "Write a whole number without quotes.",
    "document_not_known": "{value} is not known here. Write one of: {known}.",
    "document_not_list": "Write a list here: lines that begin with a dash, or [a, b].",
    "document_not_mapping": "Write keys with values here, such as code: age.",
    "document_not_share": "Write a share above 0 and up to 1, such as 0.85.",
    "document_not_text": "Write text here.",
    "document_out_of_range": "Write a number from {low} to {high}.",
    "document_quote_it": "{value} is read as a number or as true or false. Put quotes around it.",
    "document_too_few": "At least {least} must stand here. Add what is missing or remove the key.",
    "document_unknown_key": "The key {key} is not known here. Remove it or use one of: {known}.",
    "document_unknown_key_nearest": "The key {key} is not known here. Did you mean {nearest}?",
    "questionnaire_condition_no_categories": "{item} is of type {type} and has no categories. Use at_least "
    "or at_most for a number, or ask about another item.",
    "questionnaire_condition_no_number": "{item} is of type {type}; at_least and at_most are for integer "
    "items. Use is or in.",
    "questionnaire_condition_shape": "This is not a condition. Write {{item: …, in: […]}}, is, at_least or "
    "at_most, or all, any or not around conditions.",
    "questionnaire_condition_too_deep": "Conditions are nested more than {limit} deep. Write a simpler one.",
    "questionnaire_eligibility_item": "Eligibility depends on {item}, so everybody must answer it. Make it "
    "required and remove its show_if.",
    "questionnaire_format": "This program reads format {format} of the questionnaire language. Write format: {format}.",
    "questionnaire_indicator_marked": "{code} is a marked category and never counts. Remove it; whether it "
    "is in the base is said under base.",
    "questionnaire_indicator_one_item": "An indicator has one item. Declare one indicator for each item.",
    "questionnaire_indicator_type": "{item} is of type {type}. An indicator needs an item of type one or scale.",
    "questionnaire_later_item": "{code} is not asked before this. Move it in front, or use an earlier item.",
    "questionnaire_limits_crossed": "The minimum is above the maximum. Swap them.",
    "questionnaire_missing_language": "The text in {language} is missing. Add it.",
    "questionnaire_nobody_eligible": "No answers make anybody eligible. Correct the condition.",
    "questionnaire_not_json": "This is not JSON as a questionnaire is stored.",
    "questionnaire_number_categories": "An integer item's categories are only for answers without a number. "
    "Give each a mark, or use another type.",
    "questionnaire_repeated": "The {what} {code} is there twice. Rename or remove one.",
    "questionnaire_repeated_item": "The item {code} is there already (line {first}). Rename or remove one.",
    "questionnaire_second_area": "There is an area item already. Keep one.",
    "questionnaire_minors_eligible": "Children under 14 are not asked here, so they cannot be eligible. Leave these "
    "categories of {item} out of eligibility.",
    "questionnaire_minors_item": "Everybody must say in {item} whether they are under 14. Make it of type one, "
    "required and without show_if.",
    "questionnaire_minors_statement": "A guardian agrees to a statement. Give one with consent: guardian, and only "
    "there.",
    "questionnaire_strata_first": "{item} stands before {last}, which decides whether a person can be counted. Move "
    "{item} behind it, so that nobody answers it for a quota that is full.",
    "questionnaire_stratum_item": "{item} cannot fill quota cells. A stratum question is of type one and required.",
    "questionnaire_stratum_not_always": "{item} is not asked of every eligible person. Remove its show_if or "
    "make it simpler.",
    "questionnaire_taken_name": "The results have a column {name} already. Choose another name.",
    "questionnaire_text_languages": "Write the text in each language: {languages}.",
    "questionnaire_text_too_long": "Shorten this text to {limit} characters.",
    "questionnaire_too_few_categories": "At least {least} categories without a mark are needed. Add them, or "
    "use another type.",
    "questionnaire_too_many_items": "There are more than {limit} items. Divide the questionnaire.",
    "questionnaire_undeclared_language": "The language {language} is not declared. Add it to languages or "
    "remove the text.",
    "questionnaire_unknown_category": "{item} has no category {code}. Use one of: {known}.",
    "questionnaire_unknown_item": "There is no item {code}. Use the code of an item.",
    "questionnaire_unknown_item_nearest": "There is no item {code}. Did you mean {nearest}?",
    "questionnaire_unreachable": "No answers lead to {item}. Correct the condition or remove the item.",
    "yaml_alias": "Anchors (&name) and aliases (*name) are not accepted. Write the value out, in quotes if "
    "it begins with & or *.",
    "yaml_disputed_word": "{value} without quotes means different things to different programs. Put quotes "
    "around it if it is text; write true, false or a plain decimal number if it is not.",
    "yaml_duplicate_key": "The key {key} appears twice (first in line {first}). Keep one.",
    "yaml_empty": "The file is empty.",
    "yaml_key_not_text": "The key {key} is not text. Put quotes around it.",
    "yaml_not_utf8": "The file is not UTF-8 from this line on. Save it as UTF-8.",
    "yaml_several_documents": "A second document begins here. Put each into its own file.",
    "yaml_syntax": "This is not YAML that can be read: {reason}. Look at this line and the one above.",
    "yaml_tag": "The tag {tag} is not accepted. Write plain text, numbers, lists and keys.",
    "yaml_too_deep": "Lists and keys are nested more than {limit} deep. Write a simpler file.",
    "yaml_too_large": "The file is larger than {limit} bytes. Shorten it.",
    # staff accounts
    "account_last_organiser": "This is the last organiser who can sign in. Add another organiser first.",
    "account_name_length": "A name has {low} to {high} characters.",
    "account_name_taken": "There is an account of this name already. Choose another name.",
    "account_role_unknown": "There is no such role. Use one of: {known}.",
    "demonstration_account": "Demonstration accounts exist only in a demonstration database. Leave the mark out.",
    "demonstration_not_empty": "A database with accounts, waves or responses cannot become a demonstration. "
    "Use an empty one.",
    "password_common": "This password is one of the first that strangers try. Choose another, such as a few words in "
    "a row.",
    "password_different": "The two new passwords are not the same. Type the same one twice.",
    "password_is_name": "The password is the name of the account. Choose another.",
    "password_long": "A password has at most {high} characters. Shorten it.",
    "password_short": "A password has at least {low} characters. Choose a longer one, such as a few words in a row.",
    "password_wrong": "This is not your password as it was until now. Type it again.",
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
