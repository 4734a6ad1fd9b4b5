{{ config(materialized='table') }}

with hours as (
    select * from {{ ref('fct_traffic_hourly') }}
),

per_hour as (
    select
        processor_id,
        camera_id,
        start_at,
        extract(isodow from day)::int as weekday,
        hour_of_day,
        sum(traffic) as traffic
    from hours
    where coverage >= {{ var('least_coverage') }}
    group by processor_id, camera_id, start_at, day, hour_of_day
),

averaged as (
    select
        processor_id,
        camera_id,
        weekday,
        hour_of_day,
        count(*) as hours_counted,
        avg(traffic)::float8 as mean_traffic,
        max(traffic)::bigint as most_traffic
    from per_hour
    group by processor_id, camera_id, weekday, hour_of_day
)

select
    processor_id,
    camera_id,
    weekday,
    hour_of_day,
    hours_counted,
    mean_traffic,
    most_traffic,
    rank() over (partition by processor_id order by mean_traffic desc)::int as rank_in_week,
    rank() over (partition by processor_id, weekday order by mean_traffic desc)::int as rank_in_day
from averaged
