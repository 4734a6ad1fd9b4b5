with processors as (
    select * from {{ source('hypersight', 'processor') }}
),

versions as (
    select * from {{ source('hypersight', 'processor_version') }}
)

select
    processors.processor_id,
    processors.camera_id,
    processors.kind as processor_kind,
    versions.name as processor_name,
    versions.enabled as is_enabled,
    processors.created_at,
    processors.deleted_at
from processors
inner join versions
    on processors.processor_id = versions.processor_id and processors.version = versions.version
