-- A stale hour changed and may change on, so it counts as changed at any time; a settled day since it was settled.
with stale_traffic as (
    select * from {{ source('rollup', 'stale_traffic') }}
),

stale_presence as (
    select * from {{ source('rollup', 'stale_presence') }}
),

stale_coverage as (
    select * from {{ source('rollup', 'stale_coverage') }}
),

settled_day as (
    select * from {{ source('rollup', 'settled_day') }}
),

hours as (
    select 'traffic' as subject_kind, processor_id as subject_id, bucket from stale_traffic
    union all
    select 'presence' as subject_kind, processor_id as subject_id, bucket from stale_presence
    union all
    select 'coverage' as subject_kind, camera_id as subject_id, bucket from stale_coverage
)

select
    subject_kind,
    subject_id,
    bucket as from_at,
    bucket + interval '1 hour' as to_at,
    'infinity'::timestamptz as changed_at
from hours
union all
select
    what as subject_kind,
    subject_id,
    day::timestamp at time zone 'UTC' as from_at,
    -- hours of traffic end with the full hour, inclusive
    (day + 1)::timestamp at time zone 'UTC' + interval '1 microsecond' as to_at,
    settled_at as changed_at
from settled_day
