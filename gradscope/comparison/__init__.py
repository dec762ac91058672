"""What differs between two runs: settings, data, and where their courses part. Pure NumPy.

    matching   which steps and which rows of the two belong together
    settings   what was set: optimizer, loss, layers, first weights
    data       what was fed: the batches' statistics, and whether chance explains the difference
    welch      Yuen's and Welch's t: how sure is that?
    exact      runs that begin alike to the bit: the first number that differs
    course     all others: the first row that leaves what another seed explains
    sentences  what a person should read, most telling first
    result     Comparison, the answer

`gradscope.compare` opens runs on disk and compares them; `compare` here takes what is read already.
"""

from gradscope.comparison.comparing import compare
from gradscope.comparison.result import Comparison, Datum, Place, Setting

__all__ = ["Comparison", "Datum", "Place", "Setting", "compare"]
