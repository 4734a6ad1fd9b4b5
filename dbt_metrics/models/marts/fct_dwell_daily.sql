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

days as (
    {{ days_to_build('processors', 'processor_id', {'traffic': 'processor_id'}) }}
),

passed as (
    {{ passed_on('days') }}
),

stays as (
    select
        processor_id,
        zone,
        day,
        dwell_s
    from passed
    where event_kind = 'exit' and dwell_s is not null
),

all_zones as (
    select zones.processor_id, zones.zone from zones
    union
    select stays.processor_id, stays.zone from stays
),

measured as (
    select
        processor_id,
        zone,
        day,
        count(*) as stays,
        sum(dwell_s) as dwell_s,
        percentile_cont(array[0.5, 0.9, 0.95]) within group (order by dwell_s) as percentiles,
        max(dwell_s) as longest_s
    from stays
    group by processor_id, zone, day
)

select
    days.processor_id,
    all_zones.zone,
    days.camera_id,
    days.day,
    days.day_start_at as start_at,
    coalesce(measured.stays, 0) as stays,
    measured.dwell_s,
    measured.dwell_s / measured.stays as mean_s,
    measured.percentiles[1] as median_s,
    measured.percentiles[2] as p90_s,
    measured.percentiles[3] as p95_s,
    measured.longest_s,
    now() as built_at
from days
inner join all_zones on days.processor_id = all_zones.processor_id
left join measured
    on
        days.processor_id = measured.processor_id
        and all_zones.zone = measured.zone
        and days.day = measured.day
