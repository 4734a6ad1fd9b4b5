{{ config(materialized='table') }}

with days as (
    select * from {{ ref('fct_traffic_daily') }}
),

summed as (
    select
        processor_id,
        zone,
        camera_id,
        date_trunc('week', day::timestamp)::date as week_start,
        min(start_at) as start_at,
        max(stop_at) as stop_at,
        count(*)::int as days,
        sum(traffic)::bigint as traffic,
        sum(traffic_out)::bigint as traffic_out,
        sum(bucket_s)::float8 as bucket_s,
        sum(watched_s)::float8 as watched_s
    from days
    group by 1, 2, 3, 4
)

select
    processor_id,
    zone,
    camera_id,
    week_start,
    start_at,
    stop_at,
    days,
    traffic,
    traffic_out,
    bucket_s,
    watched_s,
    {{ share('watched_s', 'bucket_s') }} as coverage
from summed
