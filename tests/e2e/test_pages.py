"""The Prefect and MLflow pages as a person sees them, in Debian's Chromium; screenshots are kept in var/pages."""

import time
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image
from selenium.webdriver import ChromeOptions, Keys, Remote
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests import copies
from tests.e2e.stack import Prefect, run, secret, setting, until
from tests.integration.processes import free_port

PAGES = copies.ROOT / "var/pages"
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",  # its container is the sandbox
    "--disable-dev-shm-usage",
    "--window-size=1400,1000",
    "--use-gl=angle",  # the graph is drawn with WebGL
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",  # whatever a page wants
]


@pytest.fixture(scope="module")
def driver(stack: None) -> Iterator[str]:
    """Address of a WebDriver in a container of its own, on the machine's network as a person's browser is."""
    run("docker", "build", "--network", "host", "--tag", "trainyard/browser", "tests/e2e/browser")
    port = free_port()
    options = ("--detach", "--rm", "--network", "host", "--shm-size", "512m")
    command = ("chromedriver", f"--port={port}", "--log-level=SEVERE")
    name = run("docker", "run", *options, "trainyard/browser", *command).stdout.strip()
    yield f"http://127.0.0.1:{port}"
    run("docker", "rm", "--force", name)


@pytest.fixture(scope="module")
def browser(driver: str) -> Iterator[Remote]:
    options = ChromeOptions()
    for argument in ARGUMENTS:
        options.add_argument(argument)
    until(lambda: httpx.get(f"{driver}/status").json()["value"]["ready"], 30, "a browser")
    page = Remote(driver, options=options)
    PAGES.mkdir(parents=True, exist_ok=True)
    yield page
    page.quit()


def shows(browser: Remote, *texts: str, seconds: float = 30) -> None:
    """Every text is on the page within the time."""
    for text in texts:
        there = lambda page, text=text: text in page.find_element(By.TAG_NAME, "body").text  # noqa: E731 - waited on
        WebDriverWait(browser, seconds, ignored_exceptions=(Exception,)).until(there, f"no {text!r} on the page")


def green_pixels(browser: Remote, selector: str) -> int:
    """How much of the element has the green of completed runs."""
    drawn = Image.open(BytesIO(browser.find_element(By.CSS_SELECTOR, selector).screenshot_as_png)).convert("RGB")
    return sum(n for n, (red, green, blue) in drawn.getcolors(drawn.width * drawn.height) if green > 140 > red + 60)


def keep(browser: Remote, name: str) -> None:
    time.sleep(1)  # pages fade in
    browser.save_screenshot(str(PAGES / f"{name}.png"))


@pytest.fixture(scope="module")
def prefect_page(browser: Remote) -> str:
    """Logged in as the page asks: the whole `admin:password` in its one field."""
    url = f"http://localhost:{setting('PREFECT_PORT')}"
    browser.get(url)
    field = WebDriverWait(browser, 30).until(lambda page: page.find_element(By.CSS_SELECTOR, "input"))
    field.send_keys(secret("prefect_auth") + Keys.ENTER)
    shows(browser, "Flow Runs")
    keep(browser, "prefect-dashboard")
    return url


@pytest.fixture(scope="module")
def pipeline_run(prefect: Prefect) -> str:
    """The newest completed run of the pipeline; made when there is none."""
    body = {"flows": {"name": {"any_": ["pipeline"]}}, "sort": "START_TIME_DESC", "limit": 1}
    body["flow_runs"] = {"state": {"type": {"any_": ["COMPLETED"]}}}
    if found := prefect.call("POST", "/flow_runs/filter", **body):
        return str(found[0]["id"])
    run_id = prefect.start("pipeline/daily")
    assert prefect.until(run_id, seconds=600) == "COMPLETED"
    return run_id


def test_prefect_shows_the_run_with_its_graph(browser: Remote, prefect_page: str, pipeline_run: str):
    browser.get(f"{prefect_page}/runs/flow-run/{pipeline_run}")
    shows(browser, "pipeline", "Completed", "Logs")
    until(lambda: green_pixels(browser, "canvas") > 2000, 40, "completed subflows in the graph")
    keep(browser, "prefect-run")


def test_prefect_shows_the_report(browser: Remote, prefect_page: str, prefect: Prefect, pipeline_run: str):
    body = {"artifacts": {"key": {"any_": ["duration-model-report"]}}, "sort": "CREATED_DESC", "limit": 1}
    newest = prefect.call("POST", "/artifacts/filter", **body)[0]["id"]
    browser.get(f"{prefect_page}/artifacts/artifact/{newest}")
    shows(browser, "RMSE (min)", "champion")
    keep(browser, "prefect-report")


def test_prefect_shows_every_deployment(browser: Remote, prefect_page: str):
    browser.get(f"{prefect_page}/deployments")
    shows(browser, "every-5-minutes", "weekly", "hourly")
    keep(browser, "prefect-deployments")


def test_mlflow_shows_the_champion(browser: Remote, pipeline_run: str):
    browser.get(f"http://localhost:{setting('MLFLOW_PORT')}/#/models/trip-duration?workflowType=machine_learning")
    shows(browser, "trip-duration", "champion")
    keep(browser, "mlflow-champion")


def test_the_model_server_shows_its_page_and_that_the_others_are_up(browser: Remote, pipeline_run: str):
    def parts_up() -> bool:
        browser.get(f"http://localhost:{setting('MODEL_SERVER_PORT')}/")
        return len(browser.find_elements(By.CSS_SELECTOR, ".links .dot.up")) == 3

    until(parts_up, 30, "three parts of the stack that are up")
    shows(browser, "trip-duration", "Prefect", "MLflow", "S3 console")
    keep(browser, "model-server")
