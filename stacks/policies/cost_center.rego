# A rule of one's own, beside the design rules: it is run on every stack of this folder.
package orders.cost_center

import rego.v1

warn contains {
	"msg": sprintf("the cost centre is %v", [number]),
	"expected": "four digits, as accounting writes it",
	"address": "db_cluster.main",
	"field": "tags",
	"remedy": "Set `stack.tags.CostCenter`.",
} if {
	number := object.get(input.tags, "CostCenter", "not set")
	not regex.match(`^[0-9]{4}$`, number)
}
