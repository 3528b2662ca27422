"""How good composed music is, measured against real music, random weights and a 5-gram."""
