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
    where processor_kind in ({{ quoted(var('traffic_kinds')) }})
),

zones as (
    select * from {{ ref('stg_zones') }}
),

hours as (
    select * from {{ ref('fct_coverage_hourly') }}
),

days as (
    {{ days_to_build('processors', 'processor_id', {'traffic': 'processor_id', 'coverage': 'camera_id'}) }}
),

passed as (
    {{ passed_on('days') }}
),

counted as (
    select
        processor_id,
        zone,
        date_bin('1 hour', ts - interval '1 microsecond', day_start_at) as start_at,
        sum(people_count) filter (where event_kind in ('enter', 'cross_in'))::bigint as traffic,
        sum(people_count) filter (where event_kind in ('exit', 'cross_out'))::bigint as traffic_out
    from passed
    group by 1, 2, 3
),

-- Zones that events name and no version of the processor has are kept too: nothing counted is lost.
all_zones as (
    select zones.processor_id, zones.zone from zones
    union
    select counted.processor_id, counted.zone from counted
),

grid as (
    select
        days.processor_id,
        all_zones.zone,
        hours.camera_id,
        hours.day,
        hours.hour_of_day,
        hours.start_at,
        hours.stop_at,
        hours.bucket_s,
        hours.watched_s,
        hours.coverage
    from days
    inner join hours on days.camera_id = hours.camera_id and days.day = hours.day
    inner join all_zones on days.processor_id = all_zones.processor_id
)

select
    grid.processor_id,
    grid.zone,
    grid.camera_id,
    grid.day,
    grid.hour_of_day,
    grid.start_at,
    grid.stop_at,
    coalesce(counted.traffic, 0) as traffic,
    coalesce(counted.traffic_out, 0) as traffic_out,
    grid.bucket_s,
    grid.watched_s,
    grid.coverage,
    now() as built_at
from grid
left join counted
    on
        grid.processor_id = counted.processor_id
        and grid.zone = counted.zone
        and grid.start_at = counted.start_at
