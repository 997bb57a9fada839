"""Claims about the figures: they have ink, say what they show, and name their units."""

import numpy as np
import pytest
from matplotlib import pyplot

from flows.trips import figures
from flows.trips.evaluation import Errors

OF_ERRORS = [figures.predicted_against_actual, figures.residuals, figures.error_by_hour]


def errors_of(predicted, actual, hour):
    errors = Errors()
    errors.add(predicted, actual, pickup=np.asarray(hour) * 3600, miles=np.ones(len(actual)))
    return errors


@pytest.fixture(scope="module")
def errors():
    random = np.random.default_rng(1)
    actual, hour = random.uniform(1, 60, 2000), random.integers(0, 24, 2000)
    noise = random.normal(0, np.where(hour == 4, 9.0, 2.0))
    return errors_of(0.8 * actual + 3 + noise, actual, hour)


def pixels(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


@pytest.mark.parametrize("draw", OF_ERRORS)
def test_a_figure_is_800_pixels_wide_and_not_blank(draw, errors):
    image = pixels(draw(errors))
    inked = (image[..., :3] < 250).any(axis=-1).mean()
    assert image.shape[1] == 800
    assert 0.02 < inked < 0.9


@pytest.mark.parametrize("draw", OF_ERRORS)
def test_the_axes_name_their_units(draw, errors):
    figure = draw(errors)
    labels = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())]
    assert any("minutes" in label for label in labels)
    assert any("trips" in label or "duration" in label for label in labels)


@pytest.mark.parametrize("draw", OF_ERRORS)
def test_no_text_is_cut_off_by_the_edge(draw, errors):
    figure = draw(errors)
    width, height = pixels(figure).shape[1::-1]
    labels = [label for axes in figure.axes for label in (axes.xaxis.label, axes.yaxis.label)]
    boxes = [text.get_window_extent() for text in figure.texts + labels if text.get_text()]
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)


def test_the_title_says_how_far_off_long_trips_are():
    actual = np.repeat([10.5, 50.5], [85, 15])
    title = figures.predicted_against_actual(errors_of(actual - 7, actual, actual.astype(int) % 24)).get_suptitle()
    assert title == "Trips of 50 minutes and more are predicted 7.0 minutes too short on average"


def test_the_title_of_residuals_gives_half_and_nine_in_ten(errors):
    title = figures.residuals(errors).get_suptitle()
    assert f"within {errors.within(0.5):.1f} minutes, nine in ten within {errors.within(0.9):.1f}" in title


def test_the_title_names_the_worst_hour(errors):
    assert "largest at 04:00" in figures.error_by_hour(errors).get_suptitle()


def test_gain_is_drawn_in_falling_order_and_the_rest_is_summed():
    figure = figures.feature_gain({"a": 1.0, "b": 6.0, "c": 3.0}, top=2)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.6, 0.3]
    assert "(not drawn: 1 with 10.0%)" in figure.axes[0].get_xlabel()


def test_one_trip_is_enough_for_every_figure():
    alone = errors_of(np.array([5.0]), np.array([6.0]), [3])
    assert all(pixels(draw(alone)).std() > 0 for draw in OF_ERRORS)


def test_drawing_leaves_nothing_in_pyplots_global_state(errors):
    pixels(figures.residuals(errors))
    assert pyplot.get_fignums() == []
