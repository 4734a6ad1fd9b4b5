select
    processor_id,
    processor_version,
    track_id,
    zone,
    kind as event_kind,
    value as people_count,
    dwell_s,
    ts
from {{ source('hypersight', 'processor_event') }}
