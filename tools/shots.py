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

    ``clicks`` are made one after the other until ``selector`` is there: a selector, or ``text:``
    and what a row or card says; ``script`` is for what is no click; ``scroll`` is brought to the
    middle before the picture is taken.
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
SOME_REPORT = ".o_graph_view canvas, .o_pivot table, .o_list_table, .o_view_nocontent"
FIGURE = ".o-figure canvas, .o_mobile_dashboard canvas, .o_mobile_dashboard .o-scorecard"


def _share(action):
    return _at(action, "wine_profit_share")


def _bridge(action):
    return _at(action, "wine_device_bridge")


LEDGER = _share("wine_share_entry_action")
WITHDRAWALS = _share("wine_share_withdrawal_action")
SETTLEMENTS = _share("wine_share_settlement_action")
RECONCILIATION = _share("wine_share_reconciliation_action")
POLICIES = _share("wine_share_policy_action")
#: a button that a phone keeps in a menu
WHAT_IF = "[name=action_what_if]"
#: the refused sale of the workshop's machine, and buttons that a phone keeps in a menu
QUARANTINE = _bridge("wine_bridge_quarantine_action")
BAD_PRICE = "text:data.price"
LIVE = "button[name=action_view_bridge_tail]"
MORE = f":is(.o-form-buttonbox .o_button_more, {LIVE})"
#: the first one that is a draft
DRAFT = ".o_data_row:has(.text-bg-warning) .o_data_cell, .o_kanban_record:has(.text-bg-warning)"

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
    # profit sharing: what finance decides and looks up
    Shot("share-todo", "finance", _share("wine_share_todo_action"), ".o_wine_todo_row"),
    Shot(
        "share-todo-approve",
        "finance",
        _share("wine_share_todo_action"),
        ".o_wine_todo_ask",
        clicks=(".o_wine_todo_buttons .btn-primary",),
        scroll=".o_wine_todo_ask",
    ),
    Shot("share-ledger", "finance", LEDGER, ROW),
    Shot("share-line", "finance", LEDGER, SHEET, clicks=OPEN),
    Shot("share-accounts", "finance", _share("wine_share_account_action"), ROW),
    Shot("share-account", "finance", _share("wine_share_account_action"), SHEET, clicks=OPEN),
    Shot("share-withdrawals", "finance", WITHDRAWALS, ROW),
    Shot("share-withdrawal", "finance", WITHDRAWALS, SHEET, clicks=OPEN),
    Shot("share-settlements", "finance", SETTLEMENTS, ROW),
    Shot("share-settlement", "finance", SETTLEMENTS, SHEET, clicks=OPEN),
    Shot("share-accruals", "finance", _share("wine_share_accrual_action"), ROW),
    Shot("share-reconciliation", "finance", RECONCILIATION, ROW_OR_WORDS),
    Shot(
        "share-reconciliation-day",
        "finance",
        RECONCILIATION,
        SHEET,
        clicks=(".o_data_row.text-danger .o_data_cell, .o_kanban_record:has(.text-bg-danger)",),
    ),
    Shot("share-terms", "finance", _share("wine_share_terms_action"), ROW),
    Shot("share-analysis", "finance", _share("wine_share_report_action"), SOME_REPORT),
    Shot("share-dashboard", "finance", _share("dashboard_share_finance_action"), FIGURE),
    Shot("share-dashboard-region", "harbor", _share("dashboard_share_region_action"), FIGURE),
    # policies
    Shot("share-policies", "platform", POLICIES, ROW),
    Shot(
        "share-policy", "harbor", POLICIES, f"{SHEET} .o_field_widget[name=line_ids]", clicks=OPEN
    ),
    Shot(
        "share-what-if",
        "platform",
        POLICIES,
        ".o_form_view .o_field_widget[name=party_ids] :is(.o_data_row, .o_kanban_record)",
        clicks=(DRAFT, f".o_statusbar_buttons .dropdown-toggle, {WHAT_IF}", WHAT_IF),
    ),
    Shot("share-limits", "platform", _share("wine_share_limit_action"), ROW_OR_WORDS),
    # the portal of partners and suppliers
    Shot("share-portal-home", "host", "/my/share", ".o_share_hero"),
    Shot("share-portal-lines", "host", "/my/share/lines", ".o_share_row"),
    Shot(
        "share-portal-line", "host", "/my/share/lines", ".o_share_facts", clicks=(".o_share_row",)
    ),
    Shot("share-portal-bank", "host", "/my/share/bank", "#share_number"),
    Shot("share-portal-withdraw", "supplier", "/my/share/withdrawals/new", ".o_share_card"),
    Shot("share-portal-withdrawals", "host", "/my/share/withdrawals", ".o_share_row"),
    Shot(
        "share-portal-withdrawal",
        "host",
        "/my/share/withdrawals",
        ".o_share_way",
        clicks=("a.o_share_row",),
    ),
    Shot("share-portal-statements", "host", "/my/share/statements", ".o_wine_share h1"),
    Shot(
        "share-portal-statement",
        "host",
        "/my/share/statements",
        ".o_share_rows",
        clicks=(".o_wine_share a[href*='/my/share/statement/']",),
    ),
    Shot("share-portal-goods", "supplier", "/my/goods", ".o_share_card"),
    Shot("share-portal-goods-sold", "supplier", "/my/goods/sales", ".o_share_bars"),
    # configuration
    Shot("region", "platform", _at("wine_region_action"), SHEET, clicks=OPEN),
    Shot(
        "wine",
        "platform",
        _at("product_action_drinks"),
        ".tab-pane.active .o_field_widget[name=wine_grape]",
        clicks=(*CARD, ".nav-link[name=wine]"),
    ),
    # the bridge
    Shot("bridge", "platform", "/odoo/wine-bridge", ".o_wine_bridge_tile"),
    Shot("inbox", "platform", _bridge("wine_bridge_event_action"), ROW),
    Shot("inbox-message", "platform", _bridge("wine_bridge_event_action"), SHEET, clicks=OPEN),
    Shot("quarantine", "platform", QUARANTINE, ROW_OR_WORDS),
    Shot("quarantine-message", "platform", QUARANTINE, ".o_wine_fault", clicks=(BAD_PRICE,)),
    Shot(
        "quarantine-correct",
        "platform",
        QUARANTINE,
        ".modal .o_field_widget[name=text] textarea",
        clicks=(BAD_PRICE, "button[name=action_correct]"),
    ),
    Shot(
        "quarantine-compare",
        "platform",
        QUARANTINE,
        ".o_wine_compare",
        clicks=("text:Another message is stored",),
        scroll=".o_wine_compare",
    ),
    Shot("missing-events", "harbor", _bridge("wine_bridge_gap_action"), ROW_OR_WORDS),
    Shot("disturbances", "platform", _bridge("wine_bridge_disturbance_action"), ROW_OR_WORDS),
    Shot(
        "live",
        "platform",
        MACHINES,
        ".o_wine_tail_row",
        clicks=("text:Workshop machine", MORE, LIVE),
    ),
    Shot("commands", "platform", _bridge("wine_bridge_command_action"), ROW),
    Shot(
        "commands-graph",
        "platform",
        _bridge("wine_bridge_command_action"),
        ".o_graph_view canvas",
        clicks=(".o_switch_view.o_graph",),
        widths=AT_A_DESK,
    ),
    # firmware
    Shot("firmware-campaigns", "platform", _bridge("wine_firmware_campaign_action"), ROW),
    Shot(
        "firmware-campaign",
        "platform",
        _bridge("wine_firmware_campaign_action"),
        ".o_form_view .o_field_widget[name=wave_ids]",
        clicks=OPEN,
    ),
    Shot("firmware-versions", "platform", _bridge("wine_firmware_action"), ROW),
    Shot("firmware-version", "platform", _bridge("wine_firmware_action"), SHEET, clicks=OPEN),
    Shot("firmware-updates", "harbor", _bridge("wine_firmware_install_action"), ROW_OR_WORDS),
    Shot(
        "firmware-who-runs-what",
        "harbor",
        _bridge("wine_firmware_machine_action"),
        f".o_group_header, {ROW}",
    ),
    Shot("questions", "platform", _bridge("wine_bridge_auth_action"), ROW_OR_WORDS),
    Shot("question", "platform", _bridge("wine_bridge_auth_action"), SHEET, clicks=OPEN),
    Shot(
        "tell-a-machine",
        "service-harbor",
        MACHINES,
        ".modal .o_form_view .o_radio_item",
        clicks=(*OPEN, "button[name=action_command]"),
    ),
    Shot(
        "told-a-machine",
        "harbor",
        MACHINES,
        ".o_notebook .tab-pane.active .o_field_widget[name=bridge_told_ids], .o_notebook p",
        clicks=(*OPEN, ".o_notebook .nav-link[name=commands]"),
        scroll=".o_notebook",
    ),
)
