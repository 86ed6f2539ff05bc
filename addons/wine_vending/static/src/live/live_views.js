// SPDX-License-Identifier: LGPL-3.0-or-later
import {FormController} from "@web/views/form/form_controller";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {formView} from "@web/views/form/form_view";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useLiveMachines} from "./live_machines";

/** Up to so many records are read one by one; more are read together, with everything else. */
const FEW = 5;

function recordsOf(list) {
    return list.groups ? list.groups.flatMap((group) => recordsOf(group.list)) : list.records;
}

/** Cards and rows: only the machines that changed are read again, nothing that is being edited. */
async function refresh(model, {ids, kinds, many}) {
    const root = model.root;
    const records = recordsOf(root);
    if (records.some((record) => record.isInEdition || record.selected)) {
        return;
    }
    const changed = records.filter((record) => ids.has(record.resId));
    // another state may be another column, and the bars above the columns count
    if (many || kinds.has("state") || changed.length > FEW) {
        await root.load();
        return;
    }
    await Promise.all(changed.map((record) => record.load()));
}

class LiveKanbanController extends KanbanController {
    setup() {
        super.setup();
        useLiveMachines((change) => refresh(this.model, change));
    }
}

class LiveListController extends ListController {
    setup() {
        super.setup();
        useLiveMachines((change) => refresh(this.model, change));
    }
}

/** A form with changes in it is left alone until they are saved or thrown away. */
class LiveFormController extends FormController {
    setup() {
        super.setup();
        this.isStale = false;
        useLiveMachines(({ids, many}) => this.refresh(ids, many));
    }

    async refresh(ids, many) {
        const record = this.model.root;
        // a message may come before the record is read
        if (record?.resId && (many || ids.has(record.resId))) {
            this.isStale = await record.isDirty();
            if (!this.isStale) {
                await record.load();
            }
        }
    }

    async discard() {
        await super.discard();
        if (this.isStale && this.model.root.resId) {
            this.isStale = false;
            await this.model.root.load();
        }
    }
}

registry.category("views").add("wine_live_kanban", {
    ...kanbanView,
    Controller: LiveKanbanController,
});
registry.category("views").add("wine_live_list", {...listView, Controller: LiveListController});
registry.category("views").add("wine_live_form", {...formView, Controller: LiveFormController});
