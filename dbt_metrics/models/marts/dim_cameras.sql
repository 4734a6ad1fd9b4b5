{{ config(materialized='table') }}

select
    camera_id,
    camera_name,
    time_zone,
    is_enabled,
    created_at,
    deleted_at
from {{ ref('stg_cameras') }}
