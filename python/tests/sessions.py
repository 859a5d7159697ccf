"""Sessions of Spark for tests."""

import os
import sys

from conftest import SAMPLE
from pyspark.sql import SparkSession

os.environ["PYSPARK_PYTHON"] = sys.executable


def session(master, **more):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master(master).appName("floodmark-test")
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
    }
    for name, value in (settings | more).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def sample_in(spark):
    read = spark.read.option("header", True)
    return read.csv(str(SAMPLE / "traffic-*.csv")), read.csv(str(SAMPLE / "total.csv"))
