import io

from PIL import Image

from tests.documents.cases import answers
from vigil.documents import confusionmatrix


def _picture(case: str) -> Image.Image:
    """Return one case's picture."""
    return Image.open(io.BytesIO(confusionmatrix.build(answers(case))))


def test_the_picture_is_large_enough_to_read() -> None:
    """The picture is a PNG of at least 600 dots in width."""
    picture = _picture("steady")
    assert picture.format == "PNG"
    assert picture.width >= 600


def test_a_regression_shows_residuals() -> None:
    """A regression's picture is the wide one of its residuals, not the square one of a matrix."""
    assert _picture("regression").width > 1.3 * _picture("steady").width


def test_without_a_model_there_is_still_a_picture() -> None:
    """Without a matrix the picture says why, on a sheet that is not blank."""
    for case in ("no_skill", "bare", "first"):
        assert len(_picture(case).convert("L").getcolors() or []) > 2


def test_no_date_is_hidden_in_it() -> None:
    """The file carries no software or time text."""
    assert not [
        key for key in _picture("steady").info if key.lower() in {"software", "creation time", "date"}
    ]
