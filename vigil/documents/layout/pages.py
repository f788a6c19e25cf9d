"""The pages: margins, the line at the foot of each, and the charts set into their places."""

from __future__ import annotations

import io
from typing import Any, cast

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    StreamObject,
)
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from vigil.charts.saving import to_pdf
from vigil.documents.layout.blocks import COLUMN
from vigil.documents.layout.figures import Figures, Place
from vigil.documents.layout.scripts import visual
from vigil.documents.layout.typography import FAINT, MUTED, REGULAR, heading

_LEFT = (A4[0] - COLUMN) / 2
_TOP, _BOTTOM = 52.0, 62.0


def print_pages(story: list[Flowable], figures: Figures, title: str, foot: str) -> bytes:
    """Return the story as a PDF, each page numbered, the charts in place as vector drawings."""
    target = io.BytesIO()
    report = _Report(target, title, foot)
    report.build(story, canvasmaker=_Counting)
    return _with_drawings(target.getvalue(), figures)


class _Report(BaseDocTemplate):  # type: ignore[misc]  # reportlab is untyped
    """One column on A4, an outline entry for each chapter, a foot on each page."""

    def __init__(self, target: io.BytesIO, title: str, foot: str) -> None:
        super().__init__(
            target, pagesize=A4, title=title, author="Vigil", subject=foot, lang="en-GB", invariant=1
        )
        self.foot = visual(foot)
        frame = Frame(_LEFT, _BOTTOM, COLUMN, A4[1] - _TOP - _BOTTOM, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPageEnd=_draw_foot))

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Enter a chapter's heading in the outline."""
        if getattr(getattr(flowable, "style", None), "name", "") == "chapter":
            title = flowable.getPlainText()
            self.canv.bookmarkPage(heading(title))
            self.canv.addOutlineEntry(title, heading(title))


class _Counting(Canvas):  # type: ignore[misc]  # reportlab is untyped
    """A canvas that knows at its end how many pages there are; each foot refers to that number."""

    def save(self) -> None:
        """Write the number of pages where all feet look for it, then the file."""
        self.beginForm("total")
        self.setFont(REGULAR, 7)
        self.setFillColor(MUTED)
        self.drawString(0, 0, str(self.getPageNumber() - 1))
        self.endForm()
        super().save()


def _draw_foot(canvas: Canvas, report: Any) -> None:
    """Draw a thin line, what the report is about, and the page's number."""
    right = _LEFT + COLUMN
    canvas.saveState()
    canvas.setStrokeColor(FAINT)
    canvas.setLineWidth(0.5)
    canvas.line(_LEFT, _BOTTOM - 18, right, _BOTTOM - 18)
    canvas.setFont(REGULAR, 7)
    canvas.setFillColor(MUTED)
    canvas.drawString(_LEFT, _BOTTOM - 30, report.foot)
    canvas.drawRightString(right - 14, _BOTTOM - 30, f"Page {canvas.getPageNumber()} of")
    canvas.translate(right - 11.5, _BOTTOM - 30)
    canvas.doForm("total")
    canvas.restoreState()


def _with_drawings(body: bytes, figures: Figures) -> bytes:
    """Return the PDF with every figure drawn in the place that the layout gave it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(body)))
    if figures.drawn:
        pages = PdfReader(io.BytesIO(to_pdf(figures.drawn))).pages
        for index, place in sorted(figures.places.items()):
            _draw(writer, pages[index], place, f"/Chart{index}")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _draw(writer: PdfWriter, drawing: PageObject, place: Place, name: str) -> None:
    """Add a drawing to a page as a form of its own, whose names cannot meet the page's."""
    form = DecodedStreamObject()
    contents = drawing.get_contents()
    form.set_data(b"" if contents is None else contents.get_data())
    form[NameObject("/Type")] = NameObject("/XObject")
    form[NameObject("/Subtype")] = NameObject("/Form")
    form[NameObject("/BBox")] = ArrayObject(drawing.mediabox)
    form[NameObject("/Resources")] = cast("DictionaryObject", drawing["/Resources"].get_object()).clone(
        writer
    )
    page = writer.pages[place.page]
    _named(page, "/XObject")[NameObject(name)] = writer._add_object(form.flate_encode())  # noqa: SLF001
    call = DecodedStreamObject()
    call.set_data(f"q 1 0 0 1 {place.left:.2f} {place.bottom:.2f} cm {name} Do Q\n".encode())
    _append(writer, page, call)


def _named(page: PageObject, kind: str) -> DictionaryObject:
    """Return a page's own dictionary of named resources of one kind."""
    resources = cast("DictionaryObject", page["/Resources"].get_object())
    own = DictionaryObject(cast("DictionaryObject", resources.get(kind, DictionaryObject()).get_object()))
    resources[NameObject(kind)] = own
    return own


def _append(writer: PdfWriter, page: PageObject, stream: StreamObject) -> None:
    """Add a content stream after those that a page has."""
    raw = page.raw_get("/Contents")
    streams = list(raw) if isinstance(raw, ArrayObject) else [raw]
    page[NameObject("/Contents")] = ArrayObject([*streams, writer._add_object(stream)])  # noqa: SLF001
