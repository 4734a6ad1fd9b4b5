{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['camera_id', 'day'],
    on_schema_change='fail',
    pre_hook="{{ forget_gone('camera_id', 'stg_cameras') }}",
) }}

-- depends_on: {{ ref('int_changed_days') }}
with days as (
    {{ days_to_build(ref('stg_cameras'), 'camera_id', {'coverage': 'camera_id'}) }}
),

runs as (
    {{ runs_of_days('days', 'camera_id') }}
),

hours as (
    select
        runs.camera_id,
        (series.start_at at time zone runs.time_zone)::date as day,
        extract(hour from series.start_at at time zone runs.time_zone)::int as hour_of_day,
        series.start_at,
        series.stop_at,
        extract(epoch from series.stop_at - series.start_at)::float8 as bucket_s,
        series.watched_s
    from runs
    cross join lateral coverage_series(
        runs.camera_id, runs.start_at, runs.stop_at, '1h', runs.time_zone
    ) as series
    where series.start_at < now()
)

select
    camera_id,
    day,
    hour_of_day,
    start_at,
    stop_at,
    bucket_s,
    watched_s,
    {{ share('watched_s', 'bucket_s') }} as coverage,
    now() as built_at
from hours
