"""What is asked for; what it finds is tested with the stores."""

from onbeat.ports import ExecutionFilter, MetricSum


def test_the_mean_of_measurements():
    """Their sum by their number."""
    assert MetricSum(0, 4, 10.0, 1.0, 4.0).avg == 2.5


def test_a_filter_is_a_value():
    """Equal conditions are equal filters: a list and its count cannot mean different things."""
    assert ExecutionFilter(labels=(("a", "b"),)) == ExecutionFilter(labels=(("a", "b"),))
    assert ExecutionFilter(namespaces=()) != ExecutionFilter()
