{{ config(materialized='table') }}

with processors as (
    select * from {{ ref('stg_processors') }}
),

cameras as (
    select * from {{ ref('stg_cameras') }}
)

select
    processors.processor_id,
    processors.camera_id,
    processors.processor_kind,
    processors.processor_name,
    cameras.camera_name,
    cameras.time_zone,
    processors.is_enabled,
    processors.created_at,
    processors.deleted_at
from processors
inner join cameras on processors.camera_id = cameras.camera_id
