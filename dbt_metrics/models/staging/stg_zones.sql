with versions as (
    select * from {{ source('hypersight', 'processor_version') }}
),

zones as (
    select
        versions.processor_id,
        (listed.place - 1)::smallint as zone,
        nullif(listed.shape ->> 'name', '') as zone_name,
        versions.version
    from versions
    cross join lateral jsonb_array_elements(versions.zones) with ordinality as listed (shape, place)
)

-- Events of earlier versions keep their zone's number: its newest name is the one people know.
select distinct on (processor_id, zone)
    processor_id,
    zone,
    coalesce(zone_name, 'zone ' || zone) as zone_name
from zones
order by processor_id, zone, version desc
