"""A page of loops that works from a file: sounds packed into scripts, piano rolls as SVG, one index.html."""
