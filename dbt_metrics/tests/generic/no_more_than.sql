{# One expression of a row is no larger than another. #}
{% test no_more_than(model, column, bound, tolerance=0) %}
select *
from {{ model }}
where {{ column }} > {{ bound }} + {{ tolerance }}
{% endtest %}
