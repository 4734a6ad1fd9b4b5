select
    camera_id,
    name as camera_name,
    time_zone,
    enabled as is_enabled,
    created_at,
    deleted_at
from {{ source('hypersight', 'camera') }}
