{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['processor_id', 'day'],
    on_schema_change='fail',
    pre_hook="{{ forget_gone('processor_id', 'stg_processors') }}",
) }}

{% set within = var('flow_within_minutes') ~ ' minutes' %}

-- depends_on: {{ ref('int_changed_days') }}
with processors as (
    select * from {{ ref('stg_processors') }}
    where processor_kind in ({{ quoted(var('traffic_kinds')) }})
),

zones as (
    select * from {{ ref('stg_zones') }}
),

days as (
    {{ days_to_build('processors', 'processor_id', {'traffic': 'processor_id'}) }}
),

passed as (
    {{ passed_on('days', before=within) }}
),

-- One person came into one zone, and next into another.
arrivals as (
    select
        processor_id,
        day,
        day_start_at,
        zone,
        ts,
        lag(zone) over of_person as from_zone,
        lag(ts) over of_person as from_ts
    from passed
    where event_kind in ('enter', 'cross_in') and track_id <> 0
    window of_person as (partition by processor_id, day, track_id order by ts, zone)
),

flows as (
    select
        processor_id,
        day,
        from_zone,
        zone as to_zone,
        count(*) as people,
        percentile_cont(0.5) within group (order by extract(epoch from ts - from_ts)::float8) as median_s
    from arrivals
    where ts > day_start_at and from_zone <> zone and ts - from_ts <= interval '{{ within }}'
    group by processor_id, day, from_zone, zone
),

pairs as (
    select
        origin.processor_id,
        origin.zone as from_zone,
        destination.zone as to_zone
    from zones as origin
    inner join zones as destination
        on origin.processor_id = destination.processor_id and origin.zone <> destination.zone
    union
    select
        flows.processor_id,
        flows.from_zone,
        flows.to_zone
    from flows
)

select
    days.processor_id,
    pairs.from_zone,
    pairs.to_zone,
    days.camera_id,
    days.day,
    days.day_start_at as start_at,
    coalesce(flows.people, 0) as people,
    flows.median_s,
    now() as built_at
from days
inner join pairs on days.processor_id = pairs.processor_id
left join flows
    on
        days.processor_id = flows.processor_id
        and days.day = flows.day
        and pairs.from_zone = flows.from_zone
        and pairs.to_zone = flows.to_zone
