{{ config(materialized='table') }}

select
    processor_id,
    zone,
    zone_name
from {{ ref('stg_zones') }}
