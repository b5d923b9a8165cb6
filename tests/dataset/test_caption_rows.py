import pytest
from hypothesis import given
from hypothesis import strategies as st

from lxmert_viz.dataset.caption_rows import CaptionRow, in_file, typed, written
from lxmert_viz.errors import DatasetError
from tests.helpers.changed_json import damaged

ROWS = [("a dog", "a cat"), ("a man", "")]
FILES = {
    "a.txt": "a dog\ta cat\na man\n",
    "a.csv": "id,Caption,foil\n1,a dog,a cat\n2,a man,\n",
    "b.csv": "a dog,a cat\na man\n",
    "a.tsv": "sentence\tnegative_caption\na dog\ta cat\na man\t\n",
    "a.json": '{"0": {"caption": "a dog", "negative_caption": "a cat"}, "1": "a man"}',
    "a.jsonl": '{"caption": "a dog", "foil": "a cat", "more": 1}\n{"text": "a man"}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_every_kind(name: str) -> None:
    found = in_file(name, FILES[name].encode())
    assert [(row.caption, row.foil) for row in found] == ROWS
    assert all(not row.error for row in found)


def test_what_is_odd_stays_as_a_row() -> None:
    found = in_file("a.jsonl", b'{"foil": "a cat"}\n{"caption": "A dog", "foil": "a  dog"}\n[3]')
    assert [row.number for row in found] == [1, 2, 3]
    assert [bool(row.error) for row in found] == [True, True, True]
    assert "same sentence" in found[1].error


def test_empty_lines_are_no_rows_where_a_person_types() -> None:
    assert typed(" a dog \n\n a man") == [CaptionRow(1, "a dog"), CaptionRow(2, "a man")]


def test_what_is_written_is_read_again() -> None:
    rows = typed("a dog\ta cat\na man")
    assert typed(written(rows)) == rows


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("a.pdf", b"a", "is not read"), ("a.json", b"{", "is not JSON"), ("a.txt", b"\xff", "UTF-8")],
)
def test_what_is_no_list_at_all_is_one_sentence(name: str, content: bytes, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        in_file(name, content)


def test_a_cell_that_is_too_long_is_the_error_of_its_row() -> None:
    found = in_file("a.csv", f'caption,foil\na dog,a cat\n"{"x" * 200_000},\na man,'.encode())
    assert [bool(row.error) for row in found] == [False, True, False]
    assert "a quote may never be closed" in found[1].error
    assert found[2].caption == "a man"


def test_half_a_letter_is_the_error_of_its_row() -> None:
    (found,) = in_file("a.json", b'["a \\ud800 dog"]')
    assert found.caption == "a ? dog" and "half of a letter" in found.error


ODD = ("[", '"', "\0", "9" * 6000, "[" * 20_000, "x" * 140_000, "\\ud800", "\n", ",", "\u2028")


@given(name=st.sampled_from(sorted(FILES)), data=st.data())
def test_any_damage_gives_rows_or_one_sentence(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(FILES[name])))
    odd = data.draw(st.sampled_from(ODD))
    content = f"{FILES[name][:place]}{odd}{FILES[name][place:]}".encode()
    try:
        for row in in_file(name, damaged(content, data)):
            f"{row.caption}{row.foil}{row.error}".encode()
    except DatasetError as error:
        assert str(error)
