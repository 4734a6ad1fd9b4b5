{{ config(materialized='view') }}

with changes as (
    select * from {{ ref('stg_changes') }}
),

cameras as (
    select * from {{ ref('stg_cameras') }}
),

processors as (
    select * from {{ ref('stg_processors') }}
),

of_camera as (
    select
        changes.*,
        coalesce(processors.camera_id, changes.subject_id) as camera_id
    from changes
    left join processors
        on changes.subject_kind <> 'coverage' and changes.subject_id = processors.processor_id
),

of_days as (
    select
        of_camera.subject_kind,
        of_camera.subject_id,
        of_camera.changed_at,
        (of_camera.from_at at time zone cameras.time_zone)::date + n as day
    from of_camera
    inner join cameras on of_camera.camera_id = cameras.camera_id
    cross join lateral generate_series(
        0,
        ((of_camera.to_at - interval '1 microsecond') at time zone cameras.time_zone)::date
        - (of_camera.from_at at time zone cameras.time_zone)::date
    ) as n
)

select
    subject_kind,
    subject_id,
    day,
    max(changed_at) as changed_at
from of_days
group by subject_kind, subject_id, day
