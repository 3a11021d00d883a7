# `auroractl rules test stacks/policies` runs these.
package orders.cost_center_test

import data.orders.cost_center
import rego.v1

test_four_digits_are_fine if {
	count(cost_center.warn) == 0 with input as {"tags": {"CostCenter": "4711"}}
}

test_a_name_is_no_cost_centre if {
	count(cost_center.warn) == 1 with input as {"tags": {"CostCenter": "payments"}}
}

test_none_is_told if {
	count(cost_center.warn) == 1 with input as {"tags": {}}
}
