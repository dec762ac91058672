"""How numbers are written in tables."""

import math


def number(value: float) -> str:
    """Three significant digits; "" for NaN.

    >>> number(0.001234), number(1.5e-7), number(12345.0), number(float("nan"))
    ('0.00123', '1.5e-07', '1.2e+04', '')
    """
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.3g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.1e}"


def measured(value: float) -> str:
    """The same of what was measured: NaN is news there, not a gap.

    >>> measured(float("nan"))
    'nan'
    """
    return "nan" if math.isnan(value) else number(value)


def share(value: float) -> str:
    """A share in percent; "" for NaN.

    >>> share(0.25)
    '25%'
    """
    return "" if math.isnan(value) else f"{value:.0%}"
