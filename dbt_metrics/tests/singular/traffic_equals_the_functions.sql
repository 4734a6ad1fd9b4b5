-- Each day of each processor: all zones together are what the function `traffic` answers at this moment.
with days as (
    select processor_id, day, min(start_at) as start_at, max(stop_at) as stop_at,
           sum(traffic) as traffic, sum(traffic_out) as traffic_out
    from {{ ref('fct_traffic_daily') }}
    where is_over
    group by processor_id, day
)

select days.*, answered.value, answered.out_value
from days
cross join lateral traffic(days.processor_id, days.start_at, days.stop_at) as answered
where answered.value <> days.traffic or answered.out_value <> days.traffic_out
