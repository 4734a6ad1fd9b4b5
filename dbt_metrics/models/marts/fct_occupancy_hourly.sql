{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['processor_id', 'day'],
    on_schema_change='fail',
    pre_hook="{{ forget_gone('processor_id', 'stg_processors') }}",
) }}

-- depends_on: {{ ref('int_changed_days') }}
with processors as (
    select * from {{ ref('stg_processors') }}
    where processor_kind in ({{ quoted(var('presence_kinds')) }})
),

days as (
    {{ days_to_build('processors', 'processor_id', {'presence': 'processor_id', 'coverage': 'camera_id'}) }}
),

-- A count holds until the next one: what changed on a day reaches as far.
reached as (
    select
        days.processor_id,
        days.camera_id,
        following.day,
        following.time_zone,
        following.day_start_at,
        following.day_stop_at
    from days
    cross join lateral (
        select coalesce(min(next.ts), now()) as until_at
        from (
            select ts from {{ ref('stg_events') }} as events
            where
                events.processor_id = days.processor_id
                and events.event_kind = 'count'
                and events.ts >= days.day_stop_at
            order by ts limit 1
        ) as next
    ) as held
    inner join {{ ref('int_camera_days') }} as following
        on
            days.camera_id = following.camera_id
            and following.day >= days.day
            and following.day_start_at <= greatest(held.until_at, days.day_start_at)
),

all_days as (
    select distinct * from reached
),

runs as (
    {{ runs_of_days('all_days', 'processor_id') }}
),

hours as (
    select
        runs.processor_id,
        processors.camera_id,
        (series.start_at at time zone runs.time_zone)::date as day,
        extract(hour from series.start_at at time zone runs.time_zone)::int as hour_of_day,
        series.start_at,
        series.stop_at,
        series.person_us,
        series.known_us,
        series.mean as mean_people,
        series.fewest as least_people,
        series.most as most_people,
        extract(epoch from series.stop_at - series.start_at)::float8 as bucket_s,
        series.watched_s
    from runs
    inner join processors on runs.processor_id = processors.processor_id
    cross join lateral occupancy_series(
        runs.processor_id, runs.start_at, runs.stop_at, '1h', runs.time_zone
    ) as series
    where series.start_at < now()
)

select
    processor_id,
    camera_id,
    day,
    hour_of_day,
    start_at,
    stop_at,
    person_us,
    known_us,
    case when known_us > 0 then person_us / 3.6e9::float8 end as person_hours,
    mean_people,
    least_people,
    most_people,
    bucket_s,
    watched_s,
    {{ share('watched_s', 'bucket_s') }} as coverage,
    now() as built_at
from hours
