{{ config(materialized='table', indexes=[{'columns': ['camera_id', 'day'], 'unique': true}]) }}

with cameras as (
    select * from {{ ref('stg_cameras') }}
),

processors as (
    select * from {{ ref('stg_processors') }}
),

kept_from as (
    select max(at) as kept_at from {{ source('hypersight', 'kept_from') }}
),

firsts as (
    select
        cameras.camera_id,
        least(observed.from_at, min(happened.ts)) as first_at
    from cameras
    left join lateral (
        select from_at from {{ ref('stg_observations') }} as observations
        where observations.camera_id = cameras.camera_id
        order by from_at limit 1
    ) as observed on true
    left join processors on cameras.camera_id = processors.camera_id
    left join lateral (
        select ts from {{ ref('stg_events') }} as events
        where events.processor_id = processors.processor_id
        order by ts limit 1
    ) as happened on true
    group by cameras.camera_id, observed.from_at
),

days as (
    select
        cameras.camera_id,
        cameras.time_zone,
        (firsts.first_at at time zone cameras.time_zone)::date + n as day
    from cameras
    inner join firsts on cameras.camera_id = firsts.camera_id
    cross join lateral generate_series(
        0, (now() at time zone cameras.time_zone)::date - (firsts.first_at at time zone cameras.time_zone)::date
    ) as n
    where firsts.first_at is not null
),

lasting as (
    select
        camera_id,
        time_zone,
        day,
        rollup.local_midnight(day, time_zone) as day_start_at,
        rollup.local_midnight(day + 1, time_zone) as day_stop_at
    from days
)

select
    lasting.camera_id,
    lasting.time_zone,
    lasting.day,
    lasting.day_start_at,
    lasting.day_stop_at
from lasting
cross join kept_from
-- A day the calendar leaves out has no length; one whose rows were dropped in part stays as it was built.
where
    lasting.day_start_at < lasting.day_stop_at
    and (kept_from.kept_at is null or lasting.day_start_at >= kept_from.kept_at)
