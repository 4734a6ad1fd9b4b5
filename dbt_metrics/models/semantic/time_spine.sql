{{ config(materialized='table') }}

select generate_series(min(day)::timestamp, max(day)::timestamp, interval '1 day')::date as day
from {{ ref('int_camera_days') }}
