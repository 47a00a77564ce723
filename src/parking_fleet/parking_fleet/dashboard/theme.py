"""Name the colours that carry a meaning, told apart by colour-blind people too.

Okabe and Ito, "Color Universal Design", 2008. A colour never stands alone: a word, a symbol or a
pattern goes with it.
"""

FREE = '#0072B2'
OCCUPIED = '#D55E00'
UNKNOWN = '#999999'
DISPUTED = '#CC79A7'
