{{ config(materialized='table') }}

with hours as (
    select * from {{ ref('fct_occupancy_hourly') }}
),

summed as (
    select
        processor_id,
        camera_id,
        day,
        min(start_at) as start_at,
        max(stop_at) as stop_at,
        sum(person_us)::bigint as person_us,
        sum(known_us)::bigint as known_us,
        min(least_people) as least_people,
        max(most_people) as most_people,
        sum(bucket_s)::float8 as bucket_s,
        sum(watched_s)::float8 as watched_s
    from hours
    group by processor_id, camera_id, day
)

select
    processor_id,
    camera_id,
    day,
    start_at,
    stop_at,
    person_us,
    known_us,
    case when known_us > 0 then person_us / 3.6e9::float8 end as person_hours,
    person_us::float8 / nullif(known_us, 0)::float8 as mean_people,
    least_people,
    most_people,
    bucket_s,
    watched_s,
    {{ share('watched_s', 'bucket_s') }} as coverage
from summed
