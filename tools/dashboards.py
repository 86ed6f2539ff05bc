# SPDX-License-Identifier: LGPL-3.0-or-later
"""Write the spreadsheet dashboards of the addons from the descriptions below.

``python3.11 -m tools.dashboards`` after a change here. The format is that of Odoo's own dashboards
(spreadsheet_dashboard_sale, …).
"""

import json
from pathlib import Path

ADDONS = Path(__file__).parent.parent / "addons"
SALES, DAY = "wine.report.sales", "wine.report.machine.day"
SHARE, RECON = "wine.share.report", "wine.share.reconciliation"
#: field of the business day, menu of the analysis
DATES = {SALES: "business_date", DAY: "business_date", SHARE: "date", RECON: "date"}
MENUS = {
    SALES: "wine_vending.menu_report_sales",
    DAY: "wine_vending.menu_report_machine_day",
    SHARE: "wine_profit_share.menu_share_report",
    RECON: "wine_profit_share.menu_share_reconciliation",
}
PERIOD, REGION = "wine-period", "wine-region"
TOP = 10
MEASURES = {
    "gross": ("Sales", "sum"),
    "net": ("Sales without tax", "sum"),
    "margin": ("Margin", "sum"),
    "margin_rate": ("Margin (%)", "avg"),
    "units": ("Bottles", "sum"),
    "vends": ("Vends", "sum"),
    "uptime": ("Up time (%)", "avg"),
    "lost_amount": ("Lost sales", "sum"),
    "stockout_minutes": ("Slot-minutes sold out", "sum"),
    "temperature_rate": ("Temperature kept (%)", "avg"),
    "cash_difference": ("Cash difference", "sum"),
    "failure_rate": ("Failures (%)", "avg"),
    "partner_amount": ("Earned by partners", "sum"),
    "accrued": ("Accrued", "sum"),
    "held": ("Held", "sum"),
    "disputed": ("Disputed", "sum"),
    "available": ("Available", "sum"),
    "settling": ("In settlement", "sum"),
    "paid": ("Paid", "sum"),
    "taken_back": ("Taken back", "sum"),
    "open_count": ("Open differences", "sum"),
    "open_amount": ("Amount in question", "sum"),
}
#: label, model, measure, decimals of a per cent or None for money and counts, up is good
SCORES = [
    ("Sales", SALES, "gross", True),
    ("Margin", SALES, "margin", True),
    ("Margin (%)", SALES, "margin_rate", True),
    ("Bottles", SALES, "units", True),
    ("Up time (%)", DAY, "uptime", True),
    ("Lost sales", DAY, "lost_amount", False),
    ("Temperature kept (%)", DAY, "temperature_rate", True),
    ("Cash difference", DAY, "cash_difference", True),
]
#: title, model, kind, group, measure
CHARTS = [
    ("Sales by day", SALES, "line", "business_date:day", "gross"),
    ("Sales by weekday", SALES, "bar", "weekday", "gross"),
    ("Sales by hour of day", SALES, "bar", "hour", "gross"),
    ("Lost sales by day", DAY, "line", "business_date:day", "lost_amount"),
]
#: title, model, rows, measures, order
BEST = [
    ("Best machines", DAY, "machine_id", ("gross", "margin"), ("gross", "desc")),
    ("Worst machines", DAY, "machine_id", ("gross", "uptime"), ("gross", "asc")),
    ("Best products", SALES, "product_id", ("units", "gross"), ("gross", "desc")),
    ("Worst products", SALES, "product_id", ("units", "gross"), ("gross", "asc")),
    ("Lost most to empty slots", DAY, "machine_id", ("lost_amount", "uptime"), None),
    ("Cash differences", DAY, "machine_id", ("cash_difference", "gross"), None),
]
SHARE_SCORES = [
    ("Earned by partners", SHARE, "partner_amount", True),
    ("Accrued", SHARE, "accrued", True),
    ("Held", SHARE, "held", False),
    ("Disputed", SHARE, "disputed", False),
    ("Available", SHARE, "available", True),
    ("In settlement", SHARE, "settling", True),
    ("Paid", SHARE, "paid", True),
    ("Open differences", RECON, "open_count", False),
]
SHARE_CHARTS = [
    ("Earned by partners, by day", SHARE, "line", "date:day", "partner_amount"),
    ("Earned by role", SHARE, "bar", "role", "partner_amount"),
    ("Available by role", SHARE, "bar", "role", "available"),
    ("Amount in question by day", RECON, "line", "date:day", "open_amount"),
]
BY_ROLE = [
    ("Roles: accrued, available", SHARE, "role", ("accrued", "available"), None),
    ("Roles: paid, disputed", SHARE, "role", ("paid", "disputed"), None),
]
WHO = [
    ("Partners", SHARE, "partner_id", ("partner_amount", "available"), None),
    ("Taken back most", SHARE, "partner_id", ("taken_back", "partner_amount"), None),
    ("Machines", SHARE, "machine_id", ("partner_amount", "available"), None),
]
BY_REGION = [
    ("Regions: accrued, available", SHARE, "region_id", ("accrued", "available"), None),
    ("Regions: paid, disputed", SHARE, "region_id", ("paid", "disputed"), None),
]
DIFFER = ("Regions that differ", RECON, "region_id", ("open_count", "open_amount"), None)
SITES = ("Sites", SHARE, "site_id", ("partner_amount", "available"), None)
PAGES = {
    "company": [
        ("Regions", SALES, "region_id", ("gross", "margin_rate"), ("gross", "desc")),
        ("Service by region", DAY, "region_id", ("uptime", "temperature_rate"), None),
        *BEST,
        ("Suppliers", SALES, "supplier_id", ("gross", "margin_rate"), ("gross", "desc")),
        ("Ways of paying", SALES, "pay_kind", ("vends", "gross"), ("gross", "desc")),
    ],
    "region": [
        ("Sites", SALES, "site_id", ("gross", "margin_rate"), ("gross", "desc")),
        ("Service by machine", DAY, "machine_id", ("uptime", "temperature_rate"), None),
        *BEST,
    ],
}
SHARE_PAGES = {
    "share_finance": [*BY_ROLE, *BY_REGION, *WHO, DIFFER],
    "share_region": [*BY_ROLE, *BY_REGION, *WHO, SITES],
}
#: what is to be seen first, the largest first
DESCENDING = (
    "lost_amount", "partner_amount", "accrued", "paid", "taken_back", "open_count",
)  # fmt: skip
#: addon → pages, scorecards, charts, period shown at first
BOARDS = {
    "wine_vending": (PAGES, SCORES, CHARTS, "last_30_days"),
    "wine_profit_share": (SHARE_PAGES, SHARE_SCORES, SHARE_CHARTS, "last_90_days"),
}
TITLE = {"bold": True, "fontSize": 16, "textColor": "#01666b"}
HEAD = {"bold": True, "fontSize": 11, "textColor": "#434343"}
WIDTHS = (250, 120, 130, 40, 250, 120, 130)
CARD, GAP, CHART_ROWS = 250, 10, 15


def measure_id(name):
    return f"{name}:{MEASURES[name][1]}"


def matching(model, offset=0):
    return {
        PERIOD: {"chain": DATES[model], "type": "date", "offset": offset},
        REGION: {"chain": "region_id", "type": "many2one"},
    }


def pivot(number, model, measures, name, rows=(), order=None, offset=0):
    """One source of figures; ``order`` is (measure, direction)."""
    ids = [
        {
            "id": measure_id(measure),
            "fieldName": measure,
            "aggregator": MEASURES[measure][1],
            "userDefinedName": MEASURES[measure][0],
        }
        for measure in measures
    ]
    sorting = {"measure": measure_id(order[0]), "order": order[1], "domain": []} if order else None
    return {
        "type": "ODOO",
        "id": str(number),
        "formulaId": str(number),
        "name": name,
        "model": model,
        "context": {},
        "domain": [[row, "!=", False] for row in rows] + _domain(rows),
        "measures": ids,
        "columns": [],
        "rows": [{"fieldName": row} for row in rows],
        "sortedColumn": sorting,
        "fieldMatching": matching(model, offset),
    }


def _domain(groups):
    """What the platform keeps for itself is no partner's."""
    return [["role", "!=", "platform"]] if "role" in groups else []


def link(title, model, group, measure):
    """A title that opens the analysis behind it."""
    action = {
        "domain": [],
        "context": {
            "group_by": [group],
            "pivot_measures": [measure],
            "pivot_row_groupby": [group],
            "pivot_column_groupby": [],
        },
        "modelName": model,
        "views": [[False, "pivot"], [False, "graph"], [False, "list"], [False, "search"]],
    }
    target = {"viewType": "pivot", "action": action, "threshold": 0, "name": title}
    return f"[{title}](odoo://view/{json.dumps(target)})"


def scorecard(number, label, up_is_good):
    up, down = ("#00A04A", "#DC6965") if up_is_good else ("#DC6965", "#00A04A")
    row = number + 2
    data = {
        "type": "scorecard",
        "title": {"text": label, "bold": True, "color": "#434343"},
        "background": "#EFF6FF" if number < 4 else "#FFF7ED",
        "baseline": f"Data!C{row}",
        "baselineMode": "difference" if "%" in label else "percentage",
        "baselineColorUp": up,
        "baselineColorDown": down,
        "baselineDescr": {"text": "since last period"},
        "keyValue": f"Data!B{row}",
        "humanize": True,
    }
    place = {"x": number % 4 * (CARD + GAP), "y": 10 + number // 4 * 110}
    return figure(f"score-{number}", place, CARD, 100, data)


def figure(name, offset, width, height, data):
    data = {**data, "chartId": name}
    return {
        "id": name, "tag": "chart", "width": width, "height": height, "data": data,
        "offset": offset, "col": 0, "row": 0,
    }  # fmt: skip


def chart(number, top, title, model, kind, group, measure):
    data = {
        "type": f"odoo_{kind}",
        "title": {"text": title, "bold": True, "color": "#01666b", "fontSize": 14},
        "background": "#FFFFFF",
        "legendPosition": "none",
        "metaData": {
            "groupBy": [group],
            "measure": measure,
            "order": None,
            "resModel": model,
            "mode": kind,
        },
        "searchParams": {
            "context": {}, "domain": _domain([group]), "groupBy": [group], "orderBy": [],
            "comparison": None,
        },
        "dataSets": [{}],
        "verticalAxisPosition": "left",
        "stacked": False,
        "cumulatedStart": False,
        "fillArea": kind == "line",
        "fieldMatching": matching(model),
    }  # fmt: skip
    place = {"x": number % 2 * (520 + GAP), "y": top + number // 2 * 310}
    return figure(f"chart-{number}", place, 520, 300, data)


def dashboard(tables, scores=SCORES, charts=CHARTS, period="last_30_days"):
    """The whole spreadsheet: scorecards, charts, tables two and two, the figures on a sheet."""
    pivots, data_cells = {}, {"A1": "KPI", "B1": "Current", "C1": "Previous"}
    for offset, column in ((0, "B"), (-1, "C")):
        for model in dict.fromkeys(score[1] for score in scores):
            number = len(pivots) + 1
            wanted = [score[2] for score in scores if score[1] == model]
            when = "previous" if offset else "current"
            pivots[str(number)] = pivot(number, model, wanted, f"{model} {when}", offset=offset)
            for place, (label, of, measure, _good) in enumerate(scores):
                if of == model:
                    data_cells[f"A{place + 2}"] = label
                    data_cells[f"{column}{place + 2}"] = (
                        f'=PIVOT.VALUE({number},"{measure_id(measure)}")'
                    )
    first = 40
    cells, styles, borders, layouts = {}, {}, {}, []
    for place, (title, model, row, measures, order) in enumerate(tables):
        number, top = len(pivots) + 1, first + place // 2 * (TOP + 4)
        left, right = ("A", "C") if place % 2 == 0 else ("E", "G")
        pivots[str(number)] = pivot(
            number, model, measures, title, [row], order or (measures[0], _sort(measures[0]))
        )
        cells[f"{left}{top}"] = link(title, model, row, measures[0])
        cells[f"{left}{top + 1}"] = f"=PIVOT({number}, {TOP}, FALSE, FALSE)"
        styles[f"{left}{top}"] = 1
        styles[f"{left}{top + 1}:{right}{top + 1}"] = 2
        borders[f"{left}{top}:{right}{top}"] = 1
        layouts.append(f"{left}{top + 1}:{right}{top + 1 + TOP}")
    figures = [scorecard(place, score[0], score[3]) for place, score in enumerate(scores)]
    figures += [chart(place, 245, *description) for place, description in enumerate(charts)]
    rows = first + (len(tables) + 1) // 2 * (TOP + 4) + 2
    main = sheet("sheet1", "Dashboard", rows, cells, figures, styles, borders, layouts)
    main["cols"] = {str(place): {"size": width} for place, width in enumerate(WIDTHS)}
    return {
        "version": "18.5.10",
        "sheets": [main, sheet("data", "Data", 40, data_cells, [], {"A1:C1": 2}, {}, [])],
        "styles": {"1": TITLE, "2": HEAD},
        "formats": {},
        "borders": {"1": {"bottom": {"style": "thin", "color": "#CCCCCC"}}},
        "revisionId": "START_REVISION",
        "uniqueFigureIds": True,
        "settings": {"locale": LOCALE},
        "pivots": pivots,
        "pivotNextId": len(pivots) + 1,
        "customTableStyles": {},
        "globalFilters": [
            {"id": PERIOD, "type": "date", "label": "Period", "defaultValue": period},
            {
                "id": REGION,
                "type": "relation",
                "label": "Region",
                "modelName": "wine.region",
                "defaultValueDisplayNames": [],
            },
        ],
        "lists": {},
        "listNextId": 1,
        "chartOdooMenusReferences": {
            f"chart-{place}": MENUS[model] for place, (_title, model, *_rest) in enumerate(charts)
        },
    }


def _sort(measure):
    """What deserves a look comes first."""
    return "desc" if measure in DESCENDING else "asc"


def sheet(key, name, rows, cells, figures, styles, borders, layouts):
    config = {
        "hasFilters": False, "totalRow": False, "firstColumn": False, "lastColumn": False,
        "numberOfHeaders": 1, "bandedRows": True, "bandedColumns": False,
        "automaticAutofill": True, "styleId": "None",
    }  # fmt: skip
    return {
        "id": key, "name": name, "colNumber": 26, "rowNumber": rows, "rows": {}, "cols": {},
        "merges": [], "cells": cells, "styles": styles, "formats": {}, "borders": borders,
        "conditionalFormats": [], "dataValidationRules": [], "figures": figures,
        "tables": [{"range": area, "type": "static", "config": config} for area in layouts],
        "areGridLinesVisible": True, "isVisible": True, "headerGroups": {"ROW": [], "COL": []},
        "comments": {},
    }  # fmt: skip


LOCALE = {
    "name": "English (US)", "code": "en_US", "thousandsSeparator": ",", "decimalSeparator": ".",
    "dateFormat": "mm/dd/yyyy", "timeFormat": "hh:mm:ss", "formulaArgSeparator": ",",
    "weekStart": 7,
}  # fmt: skip


def texts(addon="wine_vending"):
    """dict file name → its text."""
    pages, *board = BOARDS[addon]
    return {
        f"{name}.json": json.dumps(dashboard(tables, *board), indent=1) + "\n"
        for name, tables in pages.items()
    }


if __name__ == "__main__":
    for addon in BOARDS:
        target = ADDONS / addon / "data/dashboards"
        target.mkdir(parents=True, exist_ok=True)
        for file_name, text in texts(addon).items():
            (target / file_name).write_text(text)
