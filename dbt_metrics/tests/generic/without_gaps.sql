{# Each row begins when the one before it ends: zeros are there, no hour is missing or there twice. #}
{% test without_gaps(model, partition_by) %}
select *
from (
    select
        {{ partition_by | join(', ') }},
        start_at,
        lag(stop_at) over (partition by {{ partition_by | join(', ') }} order by start_at) as before_stops_at
    from {{ model }}
) as rows_in_order
where before_stops_at <> start_at
{% endtest %}
