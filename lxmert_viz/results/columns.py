"""The columns of a run's table: their types, what they are called and what they hold."""

from dataclasses import dataclass

import pyarrow as pa

MATCH, NO_MATCH = "true of the picture", "not true of it"  # answers to captions
TEXT, NUMBER, COUNT, TRUTH = pa.string(), pa.float32(), pa.int32(), pa.bool_()


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: pa.DataType
    title: str
    meaning: str


BASELINES = {  # columns with an answer that is given without looking, or without reading
    "without_picture": "No picture",
    "without_question": "No question",
    "prior": "Prior",
}
COLUMNS = (
    Column("question_id", TEXT, "Id", "the example's id in its file"),
    Column("picture", TEXT, "Picture", "the picture's id"),
    Column("picture_file", TEXT, "Picture file", "where the picture lies"),
    Column("second_picture", TEXT, "Second picture", "NLVR2's right one"),
    Column("second_picture_file", TEXT, "Its file", "where the second picture lies"),
    Column("text", TEXT, "Question", "the question or caption"),
    Column("right", TEXT, "Right", "the answer that most people gave"),
    Column("people", pa.list_(TEXT), "People", "what each person answered"),
    Column("answer", TEXT, "Answer", "the model's most probable answer"),
    Column("probability", NUMBER, "Sure", "the model's probability of its answer, 0 to 1"),
    Column("second", TEXT, "Second", "the model's second answer"),
    Column("margin", NUMBER, "Margin", "first probability less the second"),
    Column("score", NUMBER, "Score", "1 is right, 0 is wrong; soft where people disagree"),
    Column("ceiling", NUMBER, "Ceiling", "the best score that any answer can have"),
    Column("match", NUMBER, "P(match)", "probability that the text belongs to the picture"),
    Column("error", TEXT, "Error", "why there is no answer"),
    Column("question_type", TEXT, "Question type", "VQA's prefix, or the kind of a caption"),
    Column("answer_type", TEXT, "Answer type", "yes/no, number or other"),
    Column("structural_type", TEXT, "Structure", "GQA: query, verify, choose, logical, compare"),
    Column("semantic_type", TEXT, "Meaning", "GQA: object, attribute, category, relation, global"),
    Column("detailed_type", TEXT, "Detailed type", "GQA's detailed type"),
    Column("operation", TEXT, "Operation", "the last step of GQA's program"),
    Column("steps", COUNT, "Steps", "steps of reasoning in GQA's program"),
    Column("words", COUNT, "Words", "words in the text"),
    Column("object", TEXT, "Object", "the first thing that the question is about"),
    Column("local_group", TEXT, "Local group", "GQA: questions alike in topic and object"),
    Column("global_group", TEXT, "Global group", "GQA: questions with the same kind of answer"),
    Column("balanced", TRUTH, "Balanced", "in GQA's balanced set"),
    Column("regions", COUNT, "Regions", "regions that the model was shown"),
    Column("missed", COUNT, "Not seen", "things of the question that no region covers by half"),
    Column(
        "grounding",
        NUMBER,
        "Grounding",
        "share of the words' attention to regions that goes to what the question is about, "
        "0 to 1, mean over layers and heads",
    ),
    Column("valid", TRUTH, "Valid", "the answer is of the kind asked for"),
    Column("plausible", TRUTH, "Plausible", "the answer is ever true of such a thing"),
    Column("known", TRUTH, "Known", "the right answer is among the model's answers"),
    Column("without_picture", TEXT, "No picture", "the answer with every region removed"),
    Column("without_question", TEXT, "No question", "the answer when the text is “?” alone"),
    Column("prior", TEXT, "Prior", "the most frequent right answer to other such questions"),
    *(
        Column(f"{name}_score", NUMBER, f"{title}: score", f"what “{title}” would score")
        for name, title in BASELINES.items()
    ),
    Column("tail", TRUTH, "Rare", "the right answer is rare in its local group"),
    Column("consistency", NUMBER, "Consistent", "share of the questions that follow, right too"),
    Column("contradicted", TRUTH, "Contradicted", "a right answer elsewhere entails this one"),
    Column("cause", TEXT, "Cause", "why it is wrong: the first rule that fires"),
    Column("pair", TEXT, "Pair", "captions and foils that belong together"),
    Column("seconds", NUMBER, "Seconds", "time the network took, without looking"),
    Column("place", TEXT, "Place", "file and line of the example"),
)
BY_NAME = {column.name: column for column in COLUMNS}
SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS])


def title_of(name: str) -> str:
    """Of a column that a person reads; other columns are called by their name."""
    return BY_NAME[name].title if name in BY_NAME else name.capitalize()
