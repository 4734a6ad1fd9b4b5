"""The zone editor with mouse, finger and keyboard, in a browser, on a picture of the demo's walkway."""

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import assert_accessible
from tests.browser.administering import SQUARE, click, drag, open_editor, spot, text_of, zones_of
from tests.e2e.running_demo import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(540)]


def test_points_move_come_and_go_and_every_step_can_be_taken_back(page, processor_id):
    open_editor(page, processor_id)
    before = text_of(page)
    drag(page, SQUARE[0], (0.2, 0.2))
    assert text_of(page)[0][0] == pytest.approx([0.2, 0.2], abs=0.005)
    drag(page, (0.6, 0.45), (0.7, 0.45))  # the dot between two points
    assert text_of(page)[0][2] == pytest.approx([0.7, 0.45], abs=0.005)
    drag(page, (0.45, 0.5), (0.4, 0.5))  # the zone itself
    moved = text_of(page)
    assert moved[0][3] == pytest.approx([0.55, 0.6], abs=0.005)
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
    assert text_of(page) == before
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for _ in range(3):
        page.get_by_role("button", name="Redo").click()
    assert text_of(page) == moved


def test_a_zone_that_crosses_itself_is_refused_at_the_spot_and_nothing_changes(page, processor_id):
    open_editor(page, processor_id)
    before = text_of(page)
    drag(page, SQUARE[1], (0.45, 0.8))
    expect(page.locator(".refusal-words")).to_contain_text("cross")
    expect(page.locator("#said")).to_contain_text("Refused")
    assert text_of(page) == before
    page.get_by_role("button", name="Draw zone").click()
    for corner in ((0.1, 0.7), (0.3, 0.9), (0.3, 0.7), (0.1, 0.9)):
        click(page, *corner)
    page.keyboard.press("Enter")
    expect(page.locator(".refusal-words")).to_contain_text("Edges 1 and 3 cross or touch")
    assert text_of(page) == before
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Draw zone").click()
    for corner in ((0.8, 0.8), (0.8166, 0.8), (0.8, 0.8215)):
        click(page, *corner)
    page.keyboard.press("Enter")
    expect(page.locator(".refusal-words")).to_contain_text("too small")
    assert text_of(page) == before


def test_a_zone_is_drawn_and_edited_with_the_keyboard_alone(page, api, processor_id):
    open_editor(page, processor_id)
    page.get_by_role("button", name="Draw zone").press("Enter")
    expect(page.get_by_role("application")).to_be_focused()
    for keys in (
        "Space",
        "Shift+ArrowRight",
        "Shift+ArrowRight",
        "Space",
        "Shift+ArrowDown",
        "Shift+ArrowDown",
        "Space",
    ):
        page.keyboard.press(keys)
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Zone added")
    zone = text_of(page)[1]
    assert zone[0] == [0.5, 0.5]
    assert zone[1] == pytest.approx([0.58, 0.5])
    point = page.get_by_role("button", name="Zone 2, point 2 of 3")
    point.focus()
    page.keyboard.press("ArrowLeft")
    assert text_of(page)[1][1] == pytest.approx([0.578, 0.5])
    expect(page.get_by_role("button", name="Zone 2, point 2 of 3")).to_be_focused()
    page.keyboard.press("Insert")
    assert len(text_of(page)[1]) == 4
    page.keyboard.press("Delete")
    assert len(text_of(page)[1]) == 3
    page.keyboard.press("Control+z")
    assert len(text_of(page)[1]) == 4
    page.get_by_role("button", name="Save").press("Enter")
    eventually(lambda: len(zones_of(api, processor_id)) == 2, within_s=20, what="both zones are saved")


def test_lines_show_which_way_is_in_and_turn_round(page, api, processor_id):
    open_editor(page, processor_id)
    page.get_by_role("button", name="Draw line").click()
    drag(page, (0.1, 0.8), (0.9, 0.8))
    row = page.locator(".zone-list li").nth(1)
    expect(row).to_contain_text("Line, in is downwards")
    row.get_by_role("button", name="Turn round").click()
    expect(row).to_contain_text("Line, in is upwards")
    page.get_by_role("button", name="Save").click()
    eventually(lambda: len(zones_of(api, processor_id)) == 2, within_s=20, what="the line is saved")
    assert zones_of(api, processor_id)[1]["corners"][0] == pytest.approx([0.9, 0.8], abs=0.01)


def test_text_and_picture_follow_each_other(page, processor_id):
    open_editor(page, processor_id)
    page.locator("summary", has_text="As text").click()
    box = page.get_by_label("Zones as text")
    box.fill("[[[0.1, 0.1], [0.5, 0.1], [0.3, 0.5]], [[0.6, 0.6], [0.9, 0.6]]]")
    expect(page.locator(".zone-list li")).to_have_count(2)
    expect(page.get_by_label("Name of zone 1")).to_have_value("yard")  # names stay with their place
    box.fill("[[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]]")
    expect(page.locator("#problem-text")).to_contain_text("Zone 1: Edges 1 and 3 cross or touch")
    expect(page.locator(".zone-list li")).to_have_count(2)
    box.fill("[[[")
    expect(page.locator("#problem-text")).to_contain_text("no JSON")


def test_points_snap_to_points_and_can_be_told_not_to(page, processor_id):
    open_editor(page, processor_id)
    page.get_by_role("button", name="Draw zone").click()
    for corner in ((0.605, 0.305), (0.8, 0.3), (0.8, 0.6)):
        click(page, *corner)
    page.keyboard.press("Enter")
    assert text_of(page)[1][0] == [0.6, 0.3]
    page.keyboard.press("Control+z")
    page.get_by_label("Snap").uncheck()
    page.get_by_role("button", name="Draw zone").click()
    for corner in ((0.605, 0.305), (0.8, 0.3), (0.8, 0.6)):
        click(page, *corner)
    page.keyboard.press("Enter")
    assert text_of(page)[1][0] == pytest.approx([0.605, 0.305], abs=0.003)


def test_zoom_shows_more_detail_and_pan_moves_it(page, processor_id):
    open_editor(page, processor_id)
    whole = spot(page, 0.5, 0.5)
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    assert spot(page, 0.5, 0.5) == pytest.approx(whole, abs=2)
    start = spot(page, 0.62, 0.62)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 60, start[1] + 40, steps=4)
    page.mouse.up()
    assert spot(page, 0.5, 0.5) == pytest.approx((whole[0] + 60, whole[1] + 40), abs=8)
    drag(page, SQUARE[2], (0.55, 0.55))  # and points are where they are shown
    assert text_of(page)[0][2] == pytest.approx([0.55, 0.55], abs=0.004)
    page.get_by_role("button", name="Fit").click()
    assert spot(page, 0.5, 0.5) == pytest.approx(whole, abs=2)


def test_a_finger_draws_too_and_no_page_is_wider_than_the_phone(phone, camera_id, processor_id):
    for path in (
        "/admin",
        "/admin/cameras/new",
        f"/admin/cameras/{camera_id}",
        f"/admin/processors/{processor_id}",
    ):
        phone.goto(path)
        assert (
            phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        ), path
        assert_accessible(phone)
    open_editor(phone, processor_id)
    phone.get_by_role("button", name="Draw zone").tap()
    for corner in ((0.1, 0.7), (0.3, 0.7), (0.2, 0.95)):
        phone.touchscreen.tap(*spot(phone, *corner))
    phone.get_by_role("button", name="Close zone").tap()
    expect(phone.locator("#said")).to_have_text("Zone added")
    assert text_of(phone)[1][1] == pytest.approx([0.3, 0.7], abs=0.02)
