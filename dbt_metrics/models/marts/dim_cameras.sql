{{ config(materialized='table') }}

select
    camera_id,
    camera_name,
    time_zone,
    is_enabled,
    is_replayed,
    created_at,
    deleted_at
from {{ ref('stg_cameras') }}
