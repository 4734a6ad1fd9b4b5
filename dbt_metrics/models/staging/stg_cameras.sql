select
    camera_id,
    name as camera_name,
    time_zone,
    enabled as is_enabled,
    stream_url like 'file:///replayed-history/%' as is_replayed,
    created_at,
    deleted_at
from {{ source('hypersight', 'camera') }}
