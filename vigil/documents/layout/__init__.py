"""The paper: fonts, tables, panels, pages, and where the charts go."""
