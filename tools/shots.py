# SPDX-License-Identifier: LGPL-3.0-or-later
"""Which screens the guides show: who looks, where, and what must be there.

Every shot works on the demo installation of `make run`; what that one does not have by itself is
made by `screenshot_data.prepare`. A list that may be empty on a good day is taken with the words
that it shows then.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shot:
    """One picture: who looks (nobody: a public page), at what, and what must be there before.

    ``clicks`` are made one after the other until ``selector`` is there, ``script`` is for what is
    no click; ``scroll`` is brought to the middle before the picture is taken.
    """

    name: str
    login: str
    path: str
    selector: str
    script: str = ""
    widths: tuple = ("desktop", "phone")
    clicks: tuple = ()
    scroll: str = ""


#: a record in a list, or in the cards that a phone shows instead
ROW = ".o_data_row, .o_kanban_record:not(.o_kanban_ghost)"
ROW_OR_WORDS = f"{ROW}, .o_view_nocontent"
OPEN = (".o_data_row .o_data_cell, .o_kanban_record",)
SHEET = ".o_form_view .o_form_sheet"
CARD = (".o_kanban_record",)
ON_A_PHONE = ("phone",)
AT_A_DESK = ("desktop",)


def _at(action, module="wine_vending"):
    return f"/odoo/action-{module}.{action}"


MACHINES = _at("wine_machine_action")
VENDS = _at("wine_vend_action")
COLLECTIONS = _at("wine_cash_collection_action")
FIELD = "/wine/field"

SHOTS = (
    # machines
    Shot("machines-kanban", "harbor", MACHINES, ".o_kanban_record"),
    Shot("machine-front", "harbor", MACHINES, ".o_wine_slot", clicks=CARD),
    Shot(
        "machine-chart",
        "harbor",
        MACHINES,
        ".o_wine_chart_sales canvas",
        clicks=(*CARD, ".nav-link[name=chart]"),
        scroll=".o_wine_machine_chart",
    ),
    Shot("map", "harbor", "/odoo/wine-map", ".o_wine_map .leaflet-marker-icon"),
    Shot("sites", "harbor", _at("wine_site_action"), ROW),
    Shot(
        "planogram", "harbor", _at("wine_planogram_action"), ".o_form_view .o_data_row", clicks=OPEN
    ),
    Shot(
        "planogram-changes",
        "harbor",
        _at("wine_planogram_action"),
        ".o_field_widget[name=change_html] table",
        clicks=(".o_data_row .o_data_cell, .o_kanban_record", ".nav-link[name=changes]"),
    ),
    Shot("differences", "harbor", _at("wine_slot_difference_action"), ROW_OR_WORDS),
    Shot("alerts", "harbor", _at("wine_machine_alert_action"), ROW_OR_WORDS),
    Shot("alert-rules", "platform", _at("wine_alert_rule_action"), ROW),
    Shot("price-limits", "platform", _at("wine_price_limit_action"), ROW),
    # the day
    Shot("today", "platform", _at("wine_today_action"), ".o_wine_tile"),
    Shot("needs-me", "harbor", "/odoo/needs-me", ROW_OR_WORDS),
    Shot(
        "plan-visits",
        "harbor",
        _at("wine_route_plan_action"),
        ".o_form_view .o_data_row, .o_form_view .o_kanban_record",
    ),
    Shot("route", "harbor", _at("wine_route_action"), SHEET, clicks=OPEN),
    Shot("visits", "harbor", "/odoo/wine-visits", ROW),
    # the phone of field staff
    Shot("field-today", "service-harbor", FIELD, "[data-tap=start]", widths=ON_A_PHONE),
    Shot(
        "field-fill",
        "service-harbor",
        FIELD,
        ".wf-slots",
        clicks=("[data-tap=start]",),
        widths=ON_A_PHONE,
    ),
    Shot(
        "field-slot",
        "service-harbor",
        FIELD,
        ".wf-sheet",
        clicks=("[data-tap=start]", "[data-tap=all]", ".wf-slot"),
        widths=ON_A_PHONE,
    ),
    Shot(
        "field-cash",
        "service-harbor",
        FIELD,
        ".wf-keys",
        clicks=("[data-tap=start]", "[data-tap=next]"),
        widths=ON_A_PHONE,
    ),
    # cash and counters
    Shot("cash-collections", "finance", COLLECTIONS, ROW),
    Shot("cash-collection", "finance", COLLECTIONS, SHEET, clicks=OPEN),
    Shot("safe-count", "finance", _at("wine_cash_count_action"), ROW_OR_WORDS, widths=AT_A_DESK),
    Shot(
        "cash-differences",
        "finance",
        _at("wine_cash_difference_action"),
        ".o_graph_view, .o_pivot_view, .o_view_nocontent",
        widths=AT_A_DESK,
    ),
    Shot("counters", "harbor", _at("wine_counter_snapshot_action"), ROW_OR_WORDS),
    # sales
    Shot("vends", "harbor", VENDS, ROW),
    Shot("vend", "harbor", VENDS, SHEET, clicks=OPEN),
    Shot("sessions", "finance", _at("pos_session_action"), ROW),
    Shot("session", "platform", _at("pos_session_action"), SHEET, clicks=OPEN),
    Shot("orders", "platform", _at("pos_order_action"), ROW),
    Shot("cases", "platform", _at("wine_case_action"), ROW_OR_WORDS),
    Shot("complaints", "harbor", "/odoo/wine-complaints", ROW),
    Shot("complaint", "harbor", "/odoo/wine-complaints", SHEET, clicks=OPEN),
    Shot("help", "", "/wine/help", ".o_wine_help_kinds", widths=ON_A_PHONE),
    Shot("host-machines", "host", "/my/complaints/new", ".list-group-item", widths=ON_A_PHONE),
    # reports
    Shot("sales-analysis", "finance", _at("wine_report_sales_action"), ".o_graph_view canvas"),
    Shot(
        "machines-by-day",
        "harbor",
        _at("wine_report_machine_day_action"),
        ".o_pivot table",
        widths=AT_A_DESK,
    ),
    Shot(
        "dashboard-company",
        "finance",
        _at("dashboards_action"),
        ".o-figure canvas, .o_mobile_dashboard canvas",
    ),
    Shot(
        "dashboard-region",
        "harbor",
        _at("dashboard_region_action"),
        ".o-figure canvas, .o_mobile_dashboard canvas",
    ),
    # configuration
    Shot("region", "platform", _at("wine_region_action"), SHEET, clicks=OPEN),
    Shot(
        "wine",
        "platform",
        _at("product_action_drinks"),
        ".tab-pane.active .o_field_widget[name=wine_grape]",
        clicks=(*CARD, ".nav-link[name=wine]"),
    ),
    Shot("inbox", "platform", _at("wine_bridge_event_action", "wine_device_bridge"), ROW),
    Shot("commands", "platform", _at("wine_bridge_command_action", "wine_device_bridge"), ROW),
)
