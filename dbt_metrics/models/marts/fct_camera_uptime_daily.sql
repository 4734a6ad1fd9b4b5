{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['camera_id', 'day'],
    on_schema_change='fail',
    pre_hook="{{ forget_gone('camera_id', 'stg_cameras') }}",
) }}

-- depends_on: {{ ref('int_changed_days') }}
with cameras as (
    select * from {{ ref('stg_cameras') }}
),

days as (
    {{ days_to_build('cameras', 'camera_id', {'coverage': 'camera_id'}) }}
),

-- Observations end within the hour they begin in. Read a day at a time, for the reason that `passed_on` gives.
pieces as (
    select
        days.camera_id,
        days.day,
        seen.reason,
        seen.watched_share,
        extract(
            epoch from least(seen.to_at, days.day_stop_at) - greatest(seen.from_at, days.day_start_at)
        )::float8 as length_s
    from days
    cross join lateral (
        select * from {{ ref('stg_observations') }} as observations
        where
            observations.camera_id = days.camera_id
            and observations.from_at > days.day_start_at - interval '1 hour'
            and observations.from_at < days.day_stop_at
            and observations.to_at > days.day_start_at
        offset 0
    ) as seen
),

summed as (
    select
        camera_id,
        day,
        sum(length_s) as observed_s,
        sum(length_s * watched_share) as watched_s,
        sum(length_s * (1 - watched_share)) filter (where reason = 'stream_down') as stream_down_s,
        sum(length_s * (1 - watched_share)) filter (where reason = 'detector_error') as detector_error_s,
        sum(length_s * (1 - watched_share)) filter (where reason = 'late_dropped') as late_dropped_s,
        sum(length_s * (1 - watched_share)) filter (where reason = 'paused') as paused_s
    from pieces
    group by camera_id, day
),

known as (
    select
        days.camera_id,
        days.day,
        days.day_start_at as start_at,
        extract(epoch from least(days.day_stop_at, now()) - days.day_start_at)::float8 as day_s,
        coalesce(summed.observed_s, 0.0)::float8 as observed_s,
        coalesce(summed.watched_s, 0.0)::float8 as watched_s,
        coalesce(summed.stream_down_s, 0.0)::float8 as stream_down_s,
        coalesce(summed.detector_error_s, 0.0)::float8 as detector_error_s,
        coalesce(summed.late_dropped_s, 0.0)::float8 as late_dropped_s,
        coalesce(summed.paused_s, 0.0)::float8 as paused_s
    from days
    left join summed on days.camera_id = summed.camera_id and days.day = summed.day
    where days.day_start_at < now()
)

select
    camera_id,
    day,
    start_at,
    day_s,
    watched_s,
    {{ share('watched_s', 'day_s') }} as coverage,
    stream_down_s,
    detector_error_s,
    late_dropped_s,
    paused_s,
    greatest(0.0, day_s - observed_s) as unknown_s,
    -- Up: the stream came. Time switched off on purpose is no fault of the camera.
    greatest(0.0, observed_s - stream_down_s - paused_s) / nullif(day_s - paused_s, 0.0) as uptime,
    now() as built_at
from known
