"""Ages and sexes in the shape of the seventh national population census (2020-11-01, Bulletin no. 5).

Five-year groups from 0 to 4 up to 100 and over, in thousandths of the population, and the men among them in
thousandths of the group; both rounded by us.
"""

import numpy as np
from numpy.typing import NDArray

YEARS_A_GROUP = 5
GROUP_PERMILLE = np.array(
    [
        55.2,
        64.0,
        60.5,
        51.6,
        53.2,
        65.2,
        88.1,
        70.2,
        65.9,
        81.0,
        85.9,
        71.9,
        52.1,
        52.5,
        35.2,
        22.2,
        14.5,
        7.7,
        2.6,
        0.6,
    ]
)
MEN_PERMILLE = np.array(
    [526, 532, 536, 537, 527, 515, 509, 510, 509, 506, 506, 501, 499, 492, 486, 470, 448, 413, 366, 310]
)
DAYS_A_YEAR = 365.2425


def draw_ages_and_sexes(random: np.random.Generator, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ages in days and whether male, for `count` people."""
    groups = random.choice(len(GROUP_PERMILLE), size=count, p=GROUP_PERMILLE / GROUP_PERMILLE.sum())
    years = (groups + random.random(count)) * YEARS_A_GROUP
    male = random.random(count) < MEN_PERMILLE[groups] / 1000
    return (years * DAYS_A_YEAR).astype(np.int64), male


def draw_is_married(
    random: np.random.Generator, years: NDArray[np.float64], male: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Who lives with a spouse: nobody under 22 (men) or 20 (women, Civil Code Article 1047), most from 30 to 70."""
    shifted = years + np.where(male, 0.0, 2.0)
    likely = np.interp(
        shifted,
        [22, 25, 28, 31, 36, 60, 68, 75, 82, 90, 100],
        [0.05, 0.3, 0.6, 0.8, 0.92, 0.92, 0.86, 0.74, 0.52, 0.25, 0.05],
    )
    return (shifted >= 22) & (random.random(len(years)) < likely)
