{{ config(materialized='table') }}

with hours as (
    select * from {{ ref('fct_traffic_hourly') }}
),

days as (
    select * from {{ ref('int_camera_days') }}
),

summed as (
    select
        processor_id,
        zone,
        camera_id,
        day,
        min(start_at) as start_at,
        max(stop_at) as stop_at,
        min(built_at) as built_at,
        sum(traffic)::bigint as traffic,
        sum(traffic_out)::bigint as traffic_out,
        sum(bucket_s)::float8 as bucket_s,
        sum(watched_s)::float8 as watched_s
    from hours
    group by processor_id, zone, camera_id, day
)

select
    summed.processor_id,
    summed.zone,
    summed.camera_id,
    summed.day,
    extract(isodow from summed.day)::int as weekday,
    summed.start_at,
    summed.stop_at,
    summed.traffic,
    summed.traffic_out,
    summed.bucket_s,
    summed.watched_s,
    {{ share('summed.watched_s', 'summed.bucket_s') }} as coverage,
    -- Days that were dropped from the events since were over, too.
    coalesce(summed.built_at >= days.day_stop_at, true) as is_over
from summed
left join days on summed.camera_id = days.camera_id and summed.day = days.day
